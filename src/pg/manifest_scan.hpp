// manifest_scan.hpp - reads the list of files back from a manifest of ours. A strict scanner of one known
// format, bounded and without allocation, since a manifest lies where others may write; not a JSON library.
// Never ereports.
#pragma once
#include "pg/pg.hpp"

namespace spout
{
struct ManifestFile {
    char name[256]; // a single path component; empty if it cannot be one of ours
    uint64 rows, bytes;
    uint32 crc32c;
};

struct ManifestScan {
    const char *at, *end;
    bool bad; // the text is no manifest of ours from `at` on
};

// Finds the list: {"pg_spout_manifest":1, ..., "files":[. False: not our manifest.
bool manifest_open(ManifestScan *, const char *text, size_t n);
// The next file; false at the end of the list, or with `bad` set.
bool manifest_next(ManifestScan *, ManifestFile *);
} // namespace spout
