// last_export.cpp - one place for what a session keeps of its exports. An error message can hold a user's
// data, and a row count is his, too.
#include "pg/last_export.hpp"

extern "C" {
#include "utils/acl.h"
}

namespace spout
{
static ExportStats last; // no owner: none yet

void remember_export(const ExportStats *s) { last = *s; }

const ExportStats *remembered_export()
{
    if (!OidIsValid(last.owner) || !has_privs_of_role(GetUserId(), last.owner)) return nullptr;
    return &last;
}

void forget_export() { last = {}; }
} // namespace spout
