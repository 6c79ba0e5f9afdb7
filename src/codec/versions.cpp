// versions.cpp - which releases of the compression libraries run here: part of a benchmark's environment.
#include "codec/versions.hpp"

#include <cstdio>
#include <cstring>

#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>
#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif

#include "base/no_postgres.hpp"

namespace spout
{
const char *codec_libraries() noexcept
{
    static char text[256];
    const char *bzip2 = BZ2_bzlibVersion(); // "1.0.8, 13-Jul-2019"
    // Snappy and libdeflate do not tell at run time: those two are the headers'.
    std::snprintf(text, sizeof text, "zlib %s, zstd %s, lz4 %s, snappy %d.%d.%d, bzip2 %.*s, xz %s%s",
                  zlibVersion(), ZSTD_versionString(), LZ4_versionString(), SNAPPY_MAJOR, SNAPPY_MINOR,
                  SNAPPY_PATCHLEVEL, (int)std::strcspn(bzip2, ","), bzip2, lzma_version_string(),
#ifdef HAVE_LIBDEFLATE
                  ", libdeflate " LIBDEFLATE_VERSION_STRING
#else
                  ""
#endif
    );
    return text;
}
} // namespace spout
