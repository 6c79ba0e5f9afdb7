// digits.cpp - integers of more than eight digits.
#include "base/digits.hpp"

#include <charconv>

#include "base/no_postgres.hpp"

namespace spout
{
uint8_t *put_long_integer(uint8_t *p, uint64_t magnitude)
{
    auto *text = reinterpret_cast<char *>(p);
    return reinterpret_cast<uint8_t *>(std::to_chars(text, text + 20, magnitude).ptr);
}
} // namespace spout
