// json.cpp - one loop over the text; the open elements are remembered for their end tags.
#include "format/xml/json.hpp"

#include "base/error.hpp"
#include "format/xml/text.hpp"

#include "base/no_postgres.hpp"

namespace spout::xml
{
namespace
{
[[noreturn]] void not_json() { throw Error(Code::bad_value, "value is not valid JSON"); }

bool is_high_surrogate(uint32_t c) { return c >= 0xD800 && c < 0xDC00; }
bool is_low_surrogate(uint32_t c) { return c >= 0xDC00 && c < 0xE000; }
} // namespace

// A position in JSON text. The server has checked the text; what is relied on is checked again.
class JsonElements::Text
{
  public:
    explicit Text(std::string_view s) : at_(s.data()), end_(s.data() + s.size()) {}

    // The next character that is no white space; 0 at the end.
    char peek()
    {
        while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r'))
            at_++;
        return at_ < end_ ? *at_ : '\0';
    }
    bool at_end() { return peek() == '\0' && at_ == end_; }
    void take(char c)
    {
        if (peek() != c) not_json();
        at_++;
    }
    // A number, true, false or null, as written.
    std::string_view word()
    {
        const char *from = at_;
        while (at_ < end_ && is_word(*at_))
            at_++;
        if (from == at_) not_json();
        return {from, static_cast<size_t>(at_ - from)};
    }
    // Inside a string: the characters up to the next escape or to the closing quote, which stays.
    std::string_view run()
    {
        const char *from = at_;
        while (at_ < end_ && *at_ != '"' && *at_ != '\\')
            at_++;
        if (at_ == end_) not_json();
        return {from, static_cast<size_t>(at_ - from)};
    }
    bool closes() const { return *at_ == '"'; } // after run()
    uint32_t escaped();
    std::string_view key(std::string &room); // and its colon; what has escapes is resolved in `room`

  private:
    static bool is_word(char c)
    {
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '+' || c == '-' ||
               c == '.';
    }
    uint32_t hex4();

    const char *at_, *end_;
};

uint32_t JsonElements::Text::hex4()
{
    uint32_t v = 0;
    if (end_ - at_ < 4) not_json();
    for (int i = 0; i < 4; i++) {
        char c = *at_++, letter = static_cast<char>(c | 0x20);
        bool digit = c >= '0' && c <= '9';
        if (!digit && (letter < 'a' || letter > 'f')) not_json();
        v = v << 4 | static_cast<uint32_t>(digit ? c - '0' : letter - 'a' + 10);
    }
    return v;
}

// The character of the escape at the backslash; half a pair comes back as it is.
uint32_t JsonElements::Text::escaped()
{
    static constexpr std::string_view kLetters = "bfnrt\"\\/", kMeaning = "\b\f\n\r\t\"\\/";
    at_++;
    if (at_ == end_) not_json();
    char c = *at_++;
    if (c != 'u') {
        size_t i = kLetters.find(c);
        if (i == kLetters.npos) not_json();
        return static_cast<uint8_t>(kMeaning[i]);
    }
    uint32_t high = hex4();
    if (!is_high_surrogate(high) || end_ - at_ < 6 || at_[0] != '\\' || at_[1] != 'u') return high;
    const char *before = at_;
    at_ += 2;
    uint32_t low = hex4();
    if (is_low_surrogate(low)) return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    at_ = before;
    return high;
}

std::string_view JsonElements::Text::key(std::string &room)
{
    take('"');
    std::string_view key = run();
    if (!closes()) {
        room = key;
        while (!closes()) {
            char text[4];
            room.append(text, put_character(text, escaped()));
            room += run();
        }
        key = room;
    }
    take('"');
    take(':');
    return key;
}

// --- elements ------------------------------------------------------------------------------------------

void JsonElements::begin(const Element &root, Cursor &out)
{
    out_ = &out;
    next_ = &root;
    levels_.clear(); // an error may have left some
    elements_.trim();
}

uint8_t *JsonElements::nil(uint8_t *p) { return next_->nil.put(out_->room(p, next_->nil.room())); }

uint8_t *JsonElements::leaf(uint8_t *p, std::string_view ascii)
{
    p = out_->room(p, next_->open.room() + ascii.size() + next_->close.room());
    p = next_->open.put(p);
    return next_->close.put(copy(p, ascii.data(), ascii.size()));
}

uint8_t *JsonElements::text(uint8_t *p, const char *s, size_t n)
{
    p = next_->open.put(out_->room(p, next_->open.room()));
    p = escape(*out_, p, s, n, next_->close.room());
    return next_->close.put(p);
}

uint8_t *JsonElements::push(uint8_t *p, bool object)
{
    if (levels_.size() == kMaxDepth)
        throw Error(Code::limit, "JSON value is nested deeper than " + std::to_string(kMaxDepth) + " levels",
                    "Export it as text: cast it in the query.");
    levels_.push_back({next_, object});
    return next_->open.put(out_->room(p, next_->open.room()));
}

uint8_t *JsonElements::pop(uint8_t *p)
{
    const Label &close = levels_.back().element->close;
    levels_.pop_back();
    return close.put(out_->room(p, close.room()));
}

// --- values ----------------------------------------------------------------------------------------------

uint8_t *JsonElements::string(Text &in, uint8_t *p)
{
    in.take('"');
    std::string_view run = in.run();
    if (in.closes()) {
        p = text(p, run.data(), run.size());
        in.take('"');
        return p;
    }
    const Element &e = *next_;
    p = e.open.put(out_->room(p, e.open.room()));
    for (;; run = in.run()) {
        p = escape(*out_, p, run.data(), run.size(), e.close.room());
        if (in.closes()) break;
        char text[4];
        uint32_t c = in.escaped();
        if (!is_character(c)) bad_character(c);
        p = escape(*out_, p, text, static_cast<size_t>(put_character(text, c) - text), 0);
    }
    in.take('"');
    return e.close.put(p);
}

uint8_t *JsonElements::scalar(Text &in, uint8_t *p)
{
    if (in.peek() == '"') return string(in, p);
    std::string_view word = in.word();
    return word == "null" ? nil(p) : leaf(p, word);
}

uint8_t *JsonElements::write(const Element &root, std::string_view json, Cursor &out, uint8_t *p)
{
    begin(root, out);
    Text in(json);
    auto name_next = [&] {
        next_ = levels_.back().object ? &elements_.of(in.key(key_), levels_.size()) : &item_;
    };
    for (;;) { // a value in *next_
        char c = in.peek();
        bool object = c == '{';
        if (object || c == '[') {
            p = push(p, object);
            in.take(c);
            if (in.peek() != (object ? '}' : ']')) {
                name_next();
                continue;
            }
        } else {
            p = scalar(in, p);
        }
        for (; !levels_.empty() && in.peek() != ','; p = pop(p))
            in.take(levels_.back().object ? '}' : ']');
        if (levels_.empty()) break;
        in.take(',');
        name_next();
    }
    if (!in.at_end()) not_json();
    return p;
}
} // namespace spout::xml
