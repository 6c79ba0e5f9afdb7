// pg.hpp - the only way to PostgreSQL's headers: C++ headers first, PostgreSQL's as C, then undo what
// port.h does to common names.
#pragma once
#include <cstddef>
#include <cstdint>

extern "C" {
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
}
#undef vsnprintf
#undef snprintf
#undef vsprintf
#undef sprintf
#undef vfprintf
#undef fprintf
#undef vprintf
#undef printf
#undef strerror
#undef strerror_r
#undef gettext
#undef dgettext
#undef ngettext
#undef dngettext

#include "pg/server/compat.hpp"

#define SPOUT_VERSION "0.1.0" // as in pg_spout.control
