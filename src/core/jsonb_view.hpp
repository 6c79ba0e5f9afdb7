// jsonb_view.hpp - walks a jsonb value where it lies and prints what jsonb_out prints.
// The layout is PostgreSQL's on-disk format (utils/jsonb.h): a container is a header with count and
// flags, an array of entries (type and length or end offset), then the data; keys come before values.
// Trusts nothing: every offset is checked, a damaged value is Error(Code::corrupt).
#pragma once
#include "core/cursor.hpp"

namespace spout
{
// The container at p, as entries are met in order. A copy is a saved position.
struct JsonbContainer {
    const uint8_t *entries; // 4 bytes each, unaligned
    const uint8_t *data;    // what offsets count from
    uint32_t size;          // bytes of data
    uint32_t n, at;         // elements or pairs; the next one
    uint32_t key_end, value_end;
    bool object, scalar;
};

enum class JsonbTag : uint8_t { string, number, no, yes, null, container };

struct JsonbItem {
    JsonbTag tag;
    const uint8_t *p; // string: its bytes; number: a numeric as on disk; container: its header
    uint32_t n;
};

JsonbContainer open_jsonb(const uint8_t *p, size_t n);
// The next key (objects only), then the next value; call both in that order for each pair.
JsonbItem next_key(JsonbContainer &);
JsonbItem next_value(JsonbContainer &);

// Appends the text; leaves room for `tail` bytes behind the result.
uint8_t *print_jsonb(Cursor &, uint8_t *p, const uint8_t *root, size_t n, size_t tail);
} // namespace spout
