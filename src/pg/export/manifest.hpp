// manifest.hpp - the text of <name>.manifest.json. Never the query text: the file is world-readable.
#pragma once
#include "engine/wall.hpp"
#include "pg/server/pg.hpp"
#include "pg/target/sink.hpp"

extern "C" {
#include "lib/stringinfo.h"
}

namespace spout
{
// Raises 22021 before anything is written: the names of this export's files cannot be said in a manifest.
void check_manifest_path(const char *path);
// UTF-8, whatever the database's encoding. `schema` is JSON text; appended as it is. Allocates in the current
// context.
StringInfo build_manifest(const Options *, BytesRef schema, const uint8 random[16], const FileEntry *,
                          uint32 n);
} // namespace spout
