// stored.hpp - values as the server keeps them in a row: eight bytes that are the value or say where it lies.
// Most can be read there; nothing here calls, allocates or throws. Plain data for both sides of the wall.
// Source: PostgreSQL's varatt.h for the header of a varlena, numeric.c for the header of a numeric;
// pg_upgrade keeps data files, so neither changes.
#pragma once
#include <cstdint>
#include <cstring>

#include "base/cell.hpp"

namespace spout
{
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "headers of varlenas are read as they lie");

// How a column's values are kept. opaque: only their getter can tell.
enum class Stored : uint8_t { opaque, word, int4, int2, uint4, boolean, uuid, varlena, numeric };

struct StoredColumn {
    uint16_t attribute; // index into the row, from 0
    Stored form;
};

// A row before anything in it was looked at.
struct StoredRow {
    const uint64_t *values;
    const bool *nulls;
};

// False: compressed or kept elsewhere.
inline bool read_varlena(uint64_t value, Text *t)
{
    auto *v = reinterpret_cast<const char *>(value);
    auto first = static_cast<uint8_t>(*v);
    if (__builtin_expect(first & 1,
                         1)) { // one byte of header, which counts itself; 1 is a pointer to elsewhere
        if (__builtin_expect(first == 1, 0)) return false;
        *t = {v + 1, (first >> 1) - 1u};
        return true;
    }
    uint32_t header;
    memcpy(&header, v, sizeof header);
    if (__builtin_expect(header & 2, 0)) return false;
    *t = {v + 4, (header >> 2) - 4};
    return true;
}

inline void read_numeric(Text t, Digits *d)
{
    uint16_t h;
    memcpy(&h, t.p, sizeof h);
    uint32_t head = 2;
    if (__builtin_expect((h & 0xC000) == 0x8000, 1)) { // short form
        d->sign = h & 0x2000 ? Sign::minus : Sign::plus;
        d->dscale = (h & 0x1F80) >> 7;
        d->weight = static_cast<int16_t>((h & 0x0040 ? ~0x003F : 0) | (h & 0x003F));
    } else if ((h & 0xC000) == 0xC000) {
        *d = {nullptr, 0, 0, 0,
              h == 0xD000   ? Sign::plus_infinity
              : h == 0xF000 ? Sign::minus_infinity
                            : Sign::nan};
        return;
    } else {
        d->sign = h & 0x4000 ? Sign::minus : Sign::plus;
        d->dscale = h & 0x3FFF;
        memcpy(&d->weight, t.p + 2, sizeof d->weight);
        head = 4;
    }
    d->p = t.p + head;
    d->n = static_cast<uint16_t>((t.n - head) / 2);
}

// Fills the cell's value. False: the getter must be called.
inline bool read_stored(Stored form, uint64_t value, Cell *c)
{
    switch (form) {
    case Stored::word: c->i = static_cast<int64_t>(value); return true; // a double, too
    case Stored::int4: c->i = static_cast<int32_t>(value); return true;
    case Stored::int2: c->i = static_cast<int16_t>(value); return true;
    case Stored::uint4: c->i = static_cast<uint32_t>(value); return true;
    case Stored::boolean: c->i = static_cast<uint8_t>(value) != 0; return true;
    case Stored::uuid: c->s = {reinterpret_cast<const char *>(value), 16}; return true;
    case Stored::varlena: return read_varlena(value, &c->s);
    case Stored::numeric: {
        Text t;
        if (!read_varlena(value, &t)) return false;
        read_numeric(t, &c->num);
        return true;
    }
    case Stored::opaque: break;
    }
    return false;
}
} // namespace spout
