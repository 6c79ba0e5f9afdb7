// paths.hpp - the rules for target paths, the names of a set's files and the data-directory rule. Raises
// nothing unless said.
#pragma once
#include "pg/server/pg.hpp"

namespace spout
{
// The rules that need no disk: absolute, no "..", length, trailing slash; returns the canonical path,
// palloc'd. Raises 42602, 42809, 22004.
enum class PathUse : uint8 { write, read }; // read: by verify_export()
char *check_path(const char *path, PathUse = PathUse::write);
// The same for a file to be written: its name must not be one that a sweep takes for a left-over.
char *check_target_path(const char *path);
bool is_null_device(const char *canonical);

constexpr size_t kMaxName = 255; // bytes in one component of a path; NAME_MAX on Linux

// "out.avro", 3 -> "out_003.avro", "out.csv.gz", 3 -> "out_003.csv.gz" into out[kMaxName + 1]; false: it does
// not fit.
bool rotated_name(const char *base, uint32 index, char *out);
// "out.avro" -> "out.avro.manifest.json" into out[kMaxName + 1]; false: it does not fit.
bool manifest_name(const char *base, char *out);
// As earlier versions named it, "out.manifest.json": it may be of another format's export.
bool older_manifest_name(const char *base, char *out);
// Is `name` exactly what rotated_name(base, index) gives for some index?
bool parse_rotated_name(const char *base, const char *name, uint32 *index);
// Hidden names are ".<base>.<run>.spout-tmp", where run is 16 hex digits that all files of an export share.
constexpr char kHiddenSuffix[] = ".spout-tmp";
using Run = char[16 + 1];
// Is `name` such a name? Then run is filled.
bool parse_hidden_name(const char *name, Run run);
// The name under which a run is asked whether it lives, into out[kMaxName + 1].
void sign_of_life(const Run run, char *out);
// Is the open directory the data directory, a tablespace, the WAL directory, or below one of them? `dir` is
// for messages. Raises a file error when a parent cannot be looked at.
bool inside_data_directory(int dirfd, const char *dir);
} // namespace spout
