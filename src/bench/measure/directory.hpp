// directory.hpp - the private directory of a benchmark.
#pragma once
#include "pg/server/pg.hpp"

namespace spout
{
// Below `base`, null: below the system's temporary one; mode 0700. Null, and errno, where none can be made.
const char *make_directory(const char *base);
void remove_directory(const char *); // with its files; null is fine, and nothing is raised
} // namespace spout
