// parse.hpp - the small words of option values: numbers, sizes, switches. Knows no option by name.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spout
{
// ASCII letters of any case are equal; other bytes compare as they are.
bool iequals(std::string_view a, std::string_view b) noexcept;
// PostgreSQL's switches: true, false, on, off, yes, no, 1, 0, in any case.
bool parse_bool(const char *s, bool *out) noexcept;
// Decimal digits only, no sign, no space.
bool parse_u64(const char *s, uint64_t *out) noexcept;
// Digits with or without decimals, optionally spaces, and a unit B, kB, MB, GB, TB, also written k, KiB and
// so on (any case, all powers of 1024); the result is bytes, a fraction of one is rounded. Without a unit:
// whole bytes.
bool parse_size(const char *s, uint64_t *out) noexcept;
// `digits` hexadecimal digits, nothing else, into digits / 2 bytes.
bool parse_hex(const char *s, size_t digits, uint8_t *out) noexcept;
} // namespace spout
