// versions.hpp - which releases of the compression libraries run here.
#pragma once

namespace spout
{
const char *codec_libraries() noexcept; // "zlib 1.2.13, ...": of the libraries that are loaded; static text
} // namespace spout
