// xml_json.hpp - JSON text as nested elements: an object is an element per key, an array an
// <element> per item, null is xsi:nil. Walks with a stack of its own, never with the C stack.
// The element around the value is written here too, since null changes its tag.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/cursor.hpp"

namespace spout::xml
{
class JsonElements
{
  public:
    // Levels of arrays and objects in one value. Common parsers refuse a document long before.
    static constexpr size_t kMaxDepth = 1000;

    // The element `name`, a legal XML name, with the value in it. Throws Error: bad_text for characters
    // that XML cannot hold, limit for deeper nesting, bad_value for text that is not JSON.
    // Keeps equal keys, their order, and numbers as written.
    uint8_t *write(std::string_view name, std::string_view json, Cursor &, uint8_t *p);

  private:
    struct Level {
        size_t name; // where its name begins in open_names_
        bool object;
    };
    class Text;

    void begin(std::string_view name, Cursor &out);
    uint8_t *start(uint8_t *p);
    uint8_t *end(uint8_t *p, std::string_view name);
    uint8_t *nil(uint8_t *p);
    uint8_t *leaf(uint8_t *p, std::string_view ascii);
    uint8_t *push(uint8_t *p, bool object);
    uint8_t *pop(uint8_t *p);
    void name_by_key(std::string_view key);
    uint8_t *scalar(Text &, uint8_t *p);
    uint8_t *string(Text &, uint8_t *p);

    Cursor *out_ = nullptr; // of the running call
    std::string name_;      // of the element to write next
    std::string key_;       // a key whose escapes were resolved
    std::string open_names_;
    std::vector<Level> levels_;
};
} // namespace spout::xml
