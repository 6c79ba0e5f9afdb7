// manifest.hpp - the text of <name>.manifest.json. Never the query text: the file is world-readable.
#pragma once
#include "core/wall.hpp"
#include "pg/pg.hpp"
#include "pg/sink.hpp"

extern "C" {
#include "lib/stringinfo.h"
}

namespace spout
{
// `schema` is JSON text; appended as it is. Allocates in the current context.
StringInfo build_manifest(const Options *, BytesRef schema, const uint8 random[16], const FileEntry *,
                          uint32 n);
} // namespace spout
