// datum.cpp - one function per shape of value.
#include "format/avro/datum.hpp"

#include <algorithm>
#include <cstring>

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"

#include "base/no_postgres.hpp"

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
// A row may decode to this much: readers that build it must not have their memory filled by a small file.
constexpr uint64_t kFreely = 256 << 20, kPerByte = 128;

constexpr uint64_t kUuidText = 36;
enum Stage : uint8_t { kCount, kSize, kItem, kKeySize, kKey }; // of an array or a map

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
    if (n.logical == Logical::decimal) c.range = range(n.precision);
    return checks_.emplace(&n, std::move(fresh)).first->second.get();
}

// A schema may have thousands of them: each precision is worked out once.
const DatumChecker::Range *DatumChecker::range(int32_t precision)
{
    auto known = ranges_.find(precision);
    if (known != ranges_.end()) return &known->second;
    Range r;
    const size_t width = decimal_bytes(precision);
    for (std::string *s : {&r.largest, &r.smallest}) {
        s->resize(width);
        largest_bytes(precision, s == &r.smallest, reinterpret_cast<uint8_t *>(s->data()),
                      static_cast<uint32_t>(width));
    }
    return &ranges_.emplace(precision, std::move(r)).first->second;
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

// --- the walk -----------------------------------------------------------------------------------

void DatumChecker::begin_row()
{
    open_.clear();
    size_ = decoded_ = 0;
    charge(root_->decoded);
    open(*root_);
}

DatumChecker::Progress DatumChecker::feed(Bytes *in, uint32_t *work)
{
    in_ = in;
    try {
        for (; !open_.empty(); --*work) {
            if (*work == 0) return Progress::pause;
            if (!go_on()) return Progress::more;
        }
    } catch (Error &e) {
        e.path = path();
        throw;
    }
    return Progress::done;
}

std::string DatumChecker::path() const
{
    std::string s;
    for (size_t i = 0; i < open_.size(); i++) {
        const Open &o = open_[i];
        const bool inside = i + 1 < open_.size();
        if (o.check->tag == Tag::record && inside) s += '.' + o.check->node->fields[o.index - 1].name;
        const bool items = o.check->tag == Tag::array || o.check->tag == Tag::map;
        if (items && (inside || o.stage == kKeySize || o.stage == kKey))
            s += '[' + std::to_string(inside ? o.index - 1 : o.index) + ']';
    }
    return s;
}

void DatumChecker::charge(uint64_t bytes)
{
    decoded_ += bytes;
    if (decoded_ > kFreely + kPerByte * size_)
        throw Error(Code::limit, "row needs too much memory for its size when it is decoded");
}

void DatumChecker::open(const Check &c)
{
    if (steps_ == 0) throw Error(Code::limit, "block holds too many values for its size");
    steps_--;
    Open o;
    o.check = &c;
    open_.push_back(o);
}

bool DatumChecker::go_on()
{
    Open &o = open_.back();
    const Check &c = *o.check;
    uint8_t b = 0;
    switch (c.tag) {
    case Tag::null: break;
    case Tag::boolean:
        if (!byte(&b)) return false;
        if (b > 1) corrupt("boolean is neither 0 nor 1");
        break;
    case Tag::int32:
    case Tag::int64:
    case Tag::enumeration:
        if (!integer(c)) return false;
        break;
    case Tag::float32: return fixed_bytes(o, 4);
    case Tag::float64: return fixed_bytes(o, 8);
    case Tag::fixed: return fixed_bytes(o, c.size);
    case Tag::bytes:
    case Tag::string: return sized_bytes(o);
    case Tag::choice: return choice(o);
    case Tag::array:
    case Tag::map: return items(o);
    case Tag::record:
        if (o.index == c.parts.size()) break;
        o.index++;
        open(*c.parts[o.index - 1]);
        return true;
    }
    close();
    return true;
}

bool DatumChecker::integer(const Check &c)
{
    int64_t v;
    switch (c.tag) {
    case Tag::int32:
        if (!number(&v, INT32_MIN, INT32_MAX, "int")) return false;
        break;
    case Tag::enumeration: return number(&v, 0, int64_t{c.size} - 1, "index of an enum symbol");
    default:
        if (!number(&v)) return false;
    }
    timed(c.logical, v);
    return true;
}

bool DatumChecker::sized_bytes(Open &o)
{
    if (o.stage == 0) {
        int64_t n;
        if (!number(&n)) return false;
        if (n < 0) corrupt("length is negative");
        charge(kTextOverhead);
        text_begin(o.check, static_cast<uint64_t>(n));
        o.stage = 1;
    }
    if (!text(o.check)) return false;
    close();
    return true;
}

bool DatumChecker::fixed_bytes(Open &o, uint64_t n)
{
    if (o.stage == 0) {
        text_begin(o.check, n);
        o.stage = 1;
    }
    if (!text(o.check)) return false;
    close();
    return true;
}

// The branch takes its place.
bool DatumChecker::choice(Open &o)
{
    const Check &c = *o.check;
    int64_t branch;
    if (!number(&branch, 0, static_cast<int64_t>(c.parts.size()) - 1, "index of a union branch"))
        return false;
    close();
    open(*c.parts[static_cast<size_t>(branch)]);
    return true;
}

// Blocks of items until an empty one; a negative count is followed by the block's size in bytes.
bool DatumChecker::items(Open &o)
{
    const Check &item = *o.check->parts[0];
    const bool map = o.check->tag == Tag::map;
    switch (o.stage) {
    case kCount:
    case kSize: return items_begin(o);
    case kItem:
        if (o.index == o.until) {
            if (o.sized && size_ != o.end) corrupt("size of a block of items is wrong");
            o.stage = kCount;
            return true;
        }
        charge(kGrowth * item.decoded + (map ? kEntry : 0));
        if (map) {
            o.stage = kKeySize;
            return true;
        }
        break;
    case kKeySize: {
        int64_t n;
        if (!number(&n)) return false;
        if (n < 0) corrupt("length is negative");
        charge(kTextOverhead);
        text_begin(nullptr, static_cast<uint64_t>(n));
        o.stage = kKey;
        return true;
    }
    case kKey:
        if (!text(nullptr)) return false;
        o.stage = kItem;
        break;
    default: return true;
    }
    o.index++;
    open(item);
    return true;
}

bool DatumChecker::items_begin(Open &o)
{
    const Check &item = *o.check->parts[0];
    int64_t n;
    if (!number(&n)) return false;
    if (o.stage == kSize) {
        if (n < 0) corrupt("size of a block of items is out of range");
        o.end = size_ + static_cast<uint64_t>(n);
        o.stage = kItem;
        return true;
    }
    if (n == 0) {
        close();
        return true;
    }
    if (n == INT64_MIN) corrupt("number of items is out of range");
    o.sized = n < 0;
    const auto count = static_cast<uint64_t>(n < 0 ? -n : n);
    if (count > INT64_MAX - o.index) corrupt("number of items is out of range");
    if (!item.least && o.check->tag == Tag::array && count > steps_)
        corrupt("number of items is out of range");
    if (o.index == 0) charge(kFirstItems * item.decoded);
    o.until = o.index + count;
    o.stage = o.sized ? kSize : kItem;
    return true;
}

// --- bytes --------------------------------------------------------------------------------------

bool DatumChecker::byte(uint8_t *b)
{
    if (!in_->n) return false;
    *b = *in_->p++;
    in_->n--;
    size_++;
    steps_ += kStepsPerByte;
    return true;
}

bool DatumChecker::number(int64_t *v)
{
    for (uint8_t b; byte(&b); shift_ += 7) {
        if (shift_ > 63 || (shift_ == 63 && b > 1)) corrupt("number has more than 64 bits");
        number_ |= static_cast<uint64_t>(b & 0x7F) << shift_;
        if (b & 0x80) continue;
        *v = static_cast<int64_t>(number_ >> 1 ^ (0 - (number_ & 1)));
        number_ = shift_ = 0;
        return true;
    }
    return false;
}

bool DatumChecker::number(int64_t *v, int64_t min, int64_t max, const char *what)
{
    if (!number(v)) return false;
    if (*v < min || *v > max) corrupt(std::string(what) + " is out of range");
    return true;
}

void DatumChecker::text_begin(const Check *c, uint64_t n)
{
    text_size_ = text_left_ = n;
    utf8_ = {};
    kept_.clear();
    if (!c) return;
    if (c->logical == Logical::uuid && c->tag == Tag::string && n != kUuidText)
        corrupt("string is not a UUID");
    if (c->logical == Logical::decimal && !n) corrupt("decimal has no bytes");
}

bool DatumChecker::text(const Check *c)
{
    const auto n = static_cast<size_t>(std::min<uint64_t>(text_left_, in_->n));
    if (n) {
        text_piece(c, {in_->p, n});
        in_->p += n;
        in_->n -= n;
        size_ += n;
        steps_ += kStepsPerByte * n;
        text_left_ -= n;
        decoded_ += n;
    }
    if (text_left_) return false;
    text_end(c);
    return true;
}

void DatumChecker::text_piece(const Check *c, Bytes b)
{
    if (!c || c->tag == Tag::string) {
        if (!utf8_.feed(b.p, b.n))
            corrupt(c ? "string is not valid UTF-8" : "key of a map is not valid UTF-8");
        if (c && c->logical == Logical::uuid) kept_.append(reinterpret_cast<const char *>(b.p), b.n);
        return;
    }
    if (c->logical != Logical::decimal) return;
    // What is longer than needed must only repeat the sign.
    const size_t width = c->range->largest.size();
    uint64_t at = text_size_ - text_left_;
    if (at == 0) minus_ = b.p[0] & 0x80;
    for (; b.n && at + width < text_size_; b.p++, b.n--, at++)
        if (b.p[0] != (minus_ ? 0xFF : 0)) corrupt("decimal has more digits than its precision");
    kept_.append(reinterpret_cast<const char *>(b.p), b.n);
}

void DatumChecker::text_end(const Check *c)
{
    if (!c || c->tag == Tag::string) {
        if (!utf8_.whole()) corrupt(c ? "string is not valid UTF-8" : "key of a map is not valid UTF-8");
        if (c && c->logical == Logical::uuid && !is_uuid_text(kept_.data(), kept_.size()))
            corrupt("string is not a UUID");
    } else if (c->logical == Logical::decimal && !decimal_ends_well(*c))
        corrupt("decimal has more digits than its precision");
}

// Two's complement orders like unsigned bytes among values of one sign.
bool DatumChecker::decimal_ends_well(const Check &c) const
{
    if (kept_.size() < c.range->largest.size()) return true;
    if (((kept_[0] & 0x80) != 0) != minus_) return false;
    return minus_ ? memcmp(kept_.data(), c.range->smallest.data(), kept_.size()) >= 0
                  : memcmp(kept_.data(), c.range->largest.data(), kept_.size()) <= 0;
}

void DatumChecker::timed(Logical l, int64_t v) const
{
    int64_t day = l == Logical::time_millis ? kDayMillis : l == Logical::time_micros ? kDayMicros : 0;
    if (day && (v < 0 || v >= day)) corrupt("time of day is out of range");
}
} // namespace spout::avro
