// avro_datum.cpp - one function per shape of value.
#include "format/avro_datum.hpp"

#include <algorithm>
#include <cstring>

#include "core/decimal.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "core/utf8.hpp"

#include "core/no_postgres.hpp"

namespace spout::avro
{
namespace
{
constexpr int64_t kDayMillis = 86400000, kDayMicros = 86400000000;

// What Avro C 1.11 needs in memory, seen in its sources and rounded up: values lie inside their record or
// array, a union has room for its largest branch, text and bytes hang on a wrapper, arrays grow by doubling
// from ten items on, and a type that is referred to is a value of its own.
constexpr uint64_t kScalar = 8, kUnion = 8, kContainer = 96, kText = 64, kTextOverhead = 96, kReference = 48,
                   kEntry = 192, kFirstItems = 10, kGrowth = 3;
constexpr uint64_t kSaturated = uint64_t{1} << 40;
// A row may decode to this much, and never to more than the last: a small file must not fill the memory.
constexpr uint64_t kFreely = 256 << 20, kPerByte = 128, kMostDecoded = uint64_t{4} << 30;

[[noreturn]] void corrupt(const std::string &why) { throw Error(Code::corrupt, why); }
} // namespace

DatumChecker::DatumChecker(const Schema &schema) : root_(compile(*schema.root)) {}

// The schema checker has bounded depth and number of types; nothing contains itself.
const DatumChecker::Check *DatumChecker::compile(const Node &n)
{
    auto known = checks_.find(&n);
    if (known != checks_.end()) return known->second.get();
    auto fresh = std::make_unique<Check>();
    Check &c = *fresh;
    c.tag = n.tag;
    c.logical = n.logical;
    c.node = &n;
    c.size = n.tag == Tag::enumeration ? static_cast<uint32_t>(n.symbols.size()) : n.size;
    for (const NodeField &f : n.fields)
        c.parts.push_back(compile(*f.type));
    for (const Node *b : n.branches)
        c.parts.push_back(compile(*b));
    if (n.items) c.parts.push_back(compile(*n.items));
    measure(c);
    if (n.logical == Logical::decimal) {
        size_t width = decimal_bytes(n.precision);
        for (std::string *s : {&c.largest, &c.smallest}) {
            s->resize(width);
            largest_bytes(n.precision, s == &c.smallest, reinterpret_cast<uint8_t *>(s->data()),
                          static_cast<uint32_t>(width));
        }
    }
    return checks_.emplace(&n, std::move(fresh)).first->second.get();
}

void DatumChecker::measure(Check &c)
{
    c.decoded = kReference;
    switch (c.tag) {
    case Tag::null: c.decoded += kScalar; break;
    case Tag::boolean:
    case Tag::int32:
    case Tag::int64:
    case Tag::enumeration:
        c.least = 1;
        c.decoded = kScalar;
        break;
    case Tag::float32: c.least = 4, c.decoded = kScalar; break;
    case Tag::float64: c.least = 8, c.decoded = kScalar; break;
    case Tag::bytes:
    case Tag::string: c.least = 1, c.decoded = kText; break;
    case Tag::array:
    case Tag::map: c.least = 1, c.decoded = kContainer; break;
    case Tag::fixed: c.least = c.size, c.decoded += 2 * uint64_t{c.size}; break;
    case Tag::record:
        for (const Check *part : c.parts) {
            c.least += part->least;
            c.decoded += part->decoded;
        }
        break;
    case Tag::choice: {
        uint64_t least = kSaturated, most = 0;
        for (const Check *part : c.parts) {
            least = std::min(least, part->least);
            most = std::max(most, part->decoded);
        }
        c.least = 1 + least;
        c.decoded = kUnion + most;
    }
    }
    c.least = std::min(c.least, kSaturated);
    c.decoded = std::min(c.decoded, kSaturated);
}

size_t DatumChecker::row(Bytes data)
{
    ended_ = false;
    p_ = data.p;
    end_ = data.p + data.n;
    budget_ = room_ = std::min(kMostDecoded, kFreely + kPerByte * data.n);
    charge(1, root_->decoded);
    value(*root_);
    return static_cast<size_t>(p_ - data.p);
}

void DatumChecker::charge(uint64_t n, uint64_t each)
{
    if (n > room_ / each)
        throw Error(Code::limit, "row needs too much memory for its size when it is decoded");
    room_ -= n * each;
}

void DatumChecker::cut(const char *why)
{
    ended_ = true;
    corrupt(why);
}

uint8_t DatumChecker::byte()
{
    if (p_ == end_) cut("data ends inside a value");
    return *p_++;
}

int64_t DatumChecker::number()
{
    uint64_t z = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t b = byte();
        if (shift == 63 && b > 1) break;
        z |= static_cast<uint64_t>(b & 0x7F) << shift;
        if (!(b & 0x80)) return static_cast<int64_t>(z >> 1 ^ (0 - (z & 1)));
    }
    corrupt("number has more than 64 bits");
}

int64_t DatumChecker::number(int64_t min, int64_t max, const char *what)
{
    int64_t v = number();
    if (v < min || v > max) corrupt(std::string(what) + " is out of range");
    return v;
}

const uint8_t *DatumChecker::take(uint64_t n)
{
    if (n > left()) cut("data ends inside a value");
    const uint8_t *p = p_;
    p_ += n;
    return p;
}

Bytes DatumChecker::span()
{
    int64_t n = number();
    if (n < 0) corrupt("length is negative");
    const uint8_t *p = take(static_cast<uint64_t>(n));
    charge(1, static_cast<uint64_t>(n) + kTextOverhead);
    return {p, static_cast<size_t>(n)};
}

void DatumChecker::value(const Check &c)
{
    if (steps_ == 0) throw Error(Code::limit, "block holds too many values for its size");
    steps_--;
    switch (c.tag) {
    case Tag::null: return;
    case Tag::boolean:
        if (byte() > 1) corrupt("boolean is neither 0 nor 1");
        return;
    case Tag::int32: timed(c.logical, number(INT32_MIN, INT32_MAX, "int")); return;
    case Tag::int64: timed(c.logical, number()); return;
    case Tag::float32: take(4); return;
    case Tag::float64: take(8); return;
    case Tag::enumeration: number(0, int64_t{c.size} - 1, "index of an enum symbol"); return;
    case Tag::bytes: {
        Bytes b = span();
        if (c.logical == Logical::decimal) decimal(c, b);
        return;
    }
    case Tag::fixed: {
        Bytes b = {take(c.size), c.size};
        if (c.logical == Logical::decimal) decimal(c, b);
        return;
    }
    case Tag::string: {
        Bytes b = span();
        if (!is_utf8(b.p, b.n)) corrupt("string is not valid UTF-8");
        if (c.logical == Logical::uuid && !is_uuid_text(reinterpret_cast<const char *>(b.p), b.n))
            corrupt("string is not a UUID");
        return;
    }
    case Tag::choice: {
        int64_t branch = number(0, static_cast<int64_t>(c.parts.size()) - 1, "index of a union branch");
        value(*c.parts[static_cast<size_t>(branch)]);
        return;
    }
    case Tag::record: record(c); return;
    case Tag::array:
    case Tag::map: items(c); return;
    }
}

void DatumChecker::record(const Check &c)
{
    size_t i = 0;
    try {
        for (; i < c.parts.size(); i++)
            value(*c.parts[i]);
    } catch (Error &e) {
        e.within('.' + c.node->fields[i].name);
        throw;
    }
}

// Blocks of items until an empty one; a negative count is followed by the block's size in bytes.
void DatumChecker::items(const Check &c)
{
    const Check &item = *c.parts[0];
    const bool map = c.tag == Tag::map;
    const uint64_t least = item.least + map;
    for (uint64_t index = 0;;) {
        int64_t n = number();
        if (n == 0) return;
        const uint8_t *end = nullptr;
        if (n < 0) {
            if (n == INT64_MIN) corrupt("number of items is out of range");
            n = -n;
            int64_t size = number();
            if (size < 0) corrupt("size of a block of items is out of range");
            if (static_cast<uint64_t>(size) > left()) cut("size of a block of items is out of range");
            end = p_ + size;
        }
        auto count = static_cast<uint64_t>(n);
        if (least && count > left() / least) cut("number of items is out of range");
        if (!least && count > steps_) corrupt("number of items is out of range");
        if (index == 0) charge(kFirstItems, item.decoded);
        charge(count, kGrowth * item.decoded + (map ? kEntry : 0));
        for (uint64_t last = index + count; index < last; index++) {
            try {
                if (map) map_key();
                value(item);
            } catch (Error &e) {
                e.within('[' + std::to_string(index) + ']');
                throw;
            }
        }
        if (end && p_ != end) corrupt("size of a block of items is wrong");
    }
}

void DatumChecker::map_key()
{
    Bytes key = span();
    if (!is_utf8(key.p, key.n)) corrupt("key of a map is not valid UTF-8");
}

void DatumChecker::timed(Logical l, int64_t v)
{
    int64_t day = l == Logical::time_millis ? kDayMillis : l == Logical::time_micros ? kDayMicros : 0;
    if (day && (v < 0 || v >= day)) corrupt("time of day is out of range");
}

void DatumChecker::decimal(const Check &c, Bytes b)
{
    if (!b.n) corrupt("decimal has no bytes");
    const size_t width = c.largest.size();
    const bool minus = b.p[0] & 0x80;
    // What is longer than needed must only repeat the sign.
    for (; b.n > width; b.p++, b.n--)
        if (b.p[0] != (minus ? 0xFF : 0) || ((b.p[1] & 0x80) != 0) != minus)
            corrupt("decimal has more digits than its precision");
    if (b.n < width) return;
    // Two's complement orders like unsigned bytes among values of one sign.
    bool fits =
        minus ? memcmp(b.p, c.smallest.data(), width) >= 0 : memcmp(b.p, c.largest.data(), width) <= 0;
    if (!fits) corrupt("decimal has more digits than its precision");
}
} // namespace spout::avro
