// jsonb.cpp - jsonb as nested elements, straight from its packed form.
#include "base/decimal.hpp"
#include "base/short_decimal.hpp"
#include "format/xml/json.hpp"
#include "format/xml/text.hpp"

#include "base/no_postgres.hpp"

namespace spout::xml
{
using namespace jsonb;

void JsonElements::name_next(Container &c)
{
    if (!c.object) {
        next_ = &item_;
        return;
    }
    uint32_t entry = load(c.keys), start = c.key_end, end = entry_end(entry, start);
    if ((entry & kTypeMask) != kString || end < start || end > c.size) damaged();
    c.keys += 4;
    c.key_end = end;
    next_ = &elements_.of({reinterpret_cast<const char *>(c.data + start), end - start}, levels_.size());
}

uint8_t *JsonElements::number(uint8_t *p, const uint8_t *s, size_t n)
{
    p = next_->open.put(out_->room(p, next_->open.room() + kPackedDecimal + next_->close.room()));
    if (uint8_t *end = packed_decimal_text(p, s, n)) return next_->close.put(end);
    Digits d;
    if (!read_numeric(s, n, &d)) damaged();
    p = out_->room(p, decimal_text_size(d) + 4 + next_->close.room());
    return next_->close.put(decimal_text(p, d));
}

// Anything but a container.
uint8_t *JsonElements::scalar(uint8_t *p, uint32_t entry, const uint8_t *data, uint32_t start, uint32_t end)
{
    switch ((entry & kTypeMask) >> kTypeShift) {
    case kString: return text(p, reinterpret_cast<const char *>(data + start), end - start);
    case kNumber: start = align(start, end); return number(p, data + start, end - start);
    case kFalse: return leaf(p, "false");
    case kTrue: return leaf(p, "true");
    case kNull: return nil(p);
    default: damaged();
    }
}

uint8_t *JsonElements::tree(uint8_t *p, const uint8_t *value, size_t n)
{
    Container c = open(value, n);
    outer_.clear();
    p = push(p, c.object);
    for (;;) {
        if (c.left == 0) {
            p = pop(p);
            if (outer_.empty()) return p;
            c = outer_.pop();
            continue;
        }
        name_next(c);
        uint32_t entry = load(c.values), start = c.value_end, end = entry_end(entry, start);
        if (end < start || end > c.size) damaged();
        c.values += 4;
        c.value_end = end;
        c.left--;
        if ((entry & kTypeMask) >> kTypeShift != kNested) {
            p = scalar(p, entry, c.data, start, end);
            continue;
        }
        start = align(start, end);
        outer_.push(c);
        c = open(c.data + start, end - start);
        p = push(p, c.object);
    }
}

uint8_t *JsonElements::write_jsonb(const Element &root, const uint8_t *value, size_t n, Cursor &out,
                                   uint8_t *p)
{
    begin(root, out);
    if (n < 4) damaged();
    if (!(load(value) & kScalar)) return tree(p, value, n);
    uint32_t end = scalar_end(value, n);
    return scalar(p, load(value + 4), value + 8, 0, end);
}
} // namespace spout::xml
