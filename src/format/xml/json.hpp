// json.hpp - JSON, as text or jsonb, as nested elements: an object is an element per key, an array an
// <element> per item, null is xsi:nil. Walks with a stack of its own, never with the C stack.
// The element around the value is written here too, since null changes its tag.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/cursor.hpp"
#include "base/jsonb_layout.hpp"
#include "format/xml/element.hpp"

namespace spout::xml
{
class JsonElements
{
  public:
    // Levels of arrays and objects in one value. Common parsers refuse a document long before.
    static constexpr size_t kMaxDepth = 1000;

    // The element `root` with the value in it. Throws Error: bad_text for characters that XML cannot hold,
    // limit for deeper nesting, bad_value for text that is not JSON.
    // Keeps equal keys, their order, and numbers as written.
    uint8_t *write(const Element &root, std::string_view json, Cursor &, uint8_t *p);
    // The same of a jsonb value where it lies, as of its text; Error(corrupt) when it is damaged.
    uint8_t *write_jsonb(const Element &root, const uint8_t *value, size_t n, Cursor &, uint8_t *p);

  private:
    struct Level {
        const Element *element;
        bool object;
    };
    class Text;

    void begin(const Element &root, Cursor &out);
    uint8_t *nil(uint8_t *p);
    uint8_t *leaf(uint8_t *p, std::string_view ascii);
    uint8_t *text(uint8_t *p, const char *s, size_t n);
    uint8_t *push(uint8_t *p, bool object);
    uint8_t *pop(uint8_t *p);
    uint8_t *scalar(Text &, uint8_t *p);
    uint8_t *string(Text &, uint8_t *p);
    void name_next(jsonb::Container &);
    uint8_t *number(uint8_t *p, const uint8_t *s, size_t n);
    uint8_t *scalar(uint8_t *p, uint32_t entry, const uint8_t *data, uint32_t start, uint32_t end);
    uint8_t *tree(uint8_t *p, const uint8_t *value, size_t n);

    Cursor *out_ = nullptr;         // of the running call
    const Element *next_ = nullptr; // the element to write next
    std::string key_;               // a key whose escapes were resolved
    Elements elements_;             // by key
    const Element item_ = Element("element");
    std::vector<Level> levels_;
    jsonb::Stack outer_;
};
} // namespace spout::xml
