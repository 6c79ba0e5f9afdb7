// in_place.hpp - values that are read where they lie: nothing here calls, allocates or raises, so that most
// rows become cells in one loop. Must not know what a value is for.
#pragma once
#include "pg/bind.hpp"

extern "C" {
#include "utils/uuid.h"
}

namespace spout
{
static_assert(sizeof(Datum) == 8, "64-bit integers and doubles are passed by value");

// The on-disk header of numeric (numeric.c, "NumericShort, NumericLong"): its layout is frozen, since
// pg_upgrade keeps the files. The macros are private to numeric.c.
inline void put_numeric(const char *p, size_t n, Cell *c)
{
    uint16 header;
    memcpy(&header, p, sizeof header);
    Digits &d = c->num;
    if (likely((header & 0xC000) == 0x8000)) { // short form
        d.sign = header & 0x2000 ? Sign::minus : Sign::plus;
        d.dscale = (header & 0x1F80) >> 7;
        d.weight = (int16)((header & 0x0040 ? ~0x003F : 0) | (header & 0x003F));
        p += 2;
        n -= 2;
    } else if ((header & 0xC000) == 0xC000) {
        d.sign = header == 0xD000 ? Sign::plus_infinity : header == 0xF000 ? Sign::minus_infinity : Sign::nan;
        d.p = nullptr;
        d.n = 0;
        d.weight = 0;
        d.dscale = 0;
        return;
    } else {
        d.sign = header & 0x4000 ? Sign::minus : Sign::plus;
        d.dscale = header & 0x3FFF;
        memcpy(&d.weight, p + 2, sizeof d.weight);
        p += 4;
        n -= 4;
    }
    d.p = p;
    d.n = (uint16_t)(n / sizeof(int16));
}

// False: compressed or stored elsewhere.
inline bool untoasted(Datum d, Text *t)
{
    const char *v = DatumGetPointer(d);
    if (likely(VARATT_IS_SHORT(v))) {
        if (unlikely(VARATT_IS_1B_E(v))) return false;
        *t = {v + VARHDRSZ_SHORT, (uint32_t)(VARSIZE_1B(v) - VARHDRSZ_SHORT)};
        return true;
    }
    if (unlikely(!VARATT_IS_4B_U(v))) return false;
    *t = {v + VARHDRSZ, (uint32_t)(VARSIZE_4B(v) - VARHDRSZ)};
    return true;
}

// False: the getter must be called.
inline bool fetch_in_place(InPlace how, Datum d, Cell *c)
{
    switch (how) {
    case InPlace::word: c->i = (int64)d; return true; // a double, too
    case InPlace::int4: c->i = DatumGetInt32(d); return true;
    case InPlace::int2: c->i = DatumGetInt16(d); return true;
    case InPlace::uint4: c->i = (int64)DatumGetUInt32(d); return true;
    case InPlace::boolean: c->i = DatumGetBool(d); return true;
    case InPlace::uuid: c->s = {DatumGetPointer(d), UUID_LEN}; return true;
    case InPlace::varlena: return untoasted(d, &c->s);
    case InPlace::numeric: {
        Text t;
        if (!untoasted(d, &t)) return false;
        put_numeric(t.p, t.n, c);
        return true;
    }
    case InPlace::call: break;
    }
    return false;
}
} // namespace spout
