// cursor.cpp - the rare part of Cursor: growing, and the end of what a row may be.
#include "base/cursor.hpp"

#include "base/error.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
// Writers ask for room for the worst case; only commit() is exact.
constexpr size_t kSlack = 1 << 20;
} // namespace

uint8_t *Cursor::grow(uint8_t *p, size_t n)
{
    if (n > kMaxBytes + kSlack || offset(p) > kMaxBytes + kSlack - n) too_large();
    buffer_->advance_to(p);
    p = buffer_->reserve(n);
    end_ = buffer_->data() + buffer_->capacity();
    return p;
}

void Cursor::too_large()
{
    throw Error(Code::limit, "row is larger than 2147483647 bytes when encoded",
                "Export fewer or smaller columns; readers cannot take larger rows.");
}
} // namespace spout
