// json_tree.cpp - builds the tree from parser events, so that no number passes through a double.
#include "format/text/json_tree.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/escape.hpp"

#include "base/no_postgres.hpp"

namespace spout::json
{
namespace
{
constexpr size_t kMaxDepth = 1000; // trees are walked and freed recursively
constexpr int kMaxExponent = 100000;
constexpr size_t kMaxDigits = 60000; // well within Digits::n base-10000 digits

// Receives the parser's events; `open_` holds the containers around the next value.
class Builder : public nlohmann::json_sax<nlohmann::json>
{
  public:
    Value root;

    bool null() override { return add({}); }
    bool boolean(bool v) override { return add({Tag::boolean, v ? "true" : "false", {}, {}}); }
    bool number_integer(int64_t v) override { return add({Tag::number, std::to_string(v), {}, {}}); }
    bool number_unsigned(uint64_t v) override { return add({Tag::number, std::to_string(v), {}, {}}); }
    bool number_float(double, const std::string &s) override { return add({Tag::number, s, {}, {}}); }
    bool string(std::string &v) override { return add({Tag::string, std::move(v), {}, {}}); }
    bool binary(nlohmann::json::binary_t &) override { return false; }
    bool start_object(size_t) override { return start(Tag::object); }
    bool start_array(size_t) override { return start(Tag::array); }
    bool end_object() override { return end(); }
    bool end_array() override { return end(); }
    bool key(std::string &v) override
    {
        open_.back()->keys.push_back(std::move(v));
        return true;
    }
    bool parse_error(size_t, const std::string &, const nlohmann::json::exception &) override
    {
        throw Error(Code::bad_value, "value is not valid JSON");
    }

  private:
    Value *place(Value &&v)
    {
        if (open_.empty()) {
            root = std::move(v);
            return &root;
        }
        // Only the innermost container grows, so the pointers to the outer ones stay valid.
        open_.back()->items.push_back(std::move(v));
        return &open_.back()->items.back();
    }
    bool add(Value &&v)
    {
        place(std::move(v));
        return true;
    }
    bool start(Tag tag)
    {
        if (open_.size() == kMaxDepth)
            throw Error(Code::bad_value,
                        "JSON value is nested deeper than " + std::to_string(kMaxDepth) + " levels");
        open_.push_back(place({tag, {}, {}, {}}));
        return true;
    }
    bool end()
    {
        open_.pop_back();
        return true;
    }
    std::vector<Value *> open_;
};
} // namespace

const char *name(Tag tag)
{
    static constexpr const char *kNames[] = {"null", "boolean", "number", "string", "array", "object"};
    return kNames[static_cast<int>(tag)];
}

Value parse(std::string_view text)
{
    // The library skips a byte order mark and takes a zero byte for the end, whatever follows.
    if (text.substr(0, 3) == "\xEF\xBB\xBF" || text.find('\0') != text.npos)
        throw Error(Code::bad_value, "value is not valid JSON");
    Builder b;
    nlohmann::json::sax_parse(text.begin(), text.end(), &b);
    return std::move(b.root);
}

void print(const Value &v, std::string &out)
{
    switch (v.tag) {
    case Tag::null: out += "null"; return;
    case Tag::boolean:
    case Tag::number: out += v.text; return;
    case Tag::string: append_json_string(out, v.text); return;
    case Tag::array:
    case Tag::object: break;
    }
    bool object = v.tag == Tag::object;
    out += object ? '{' : '[';
    for (size_t i = 0; i < v.items.size(); i++) {
        if (i) out += ", ";
        if (object) {
            append_json_string(out, v.keys[i]);
            out += ": ";
        }
        print(v.items[i], out);
    }
    out += object ? '}' : ']';
}

bool parse_number(std::string_view s, Number *out)
{
    *out = {};
    if (!s.empty() && s[0] == '-') {
        out->minus = true;
        s.remove_prefix(1);
    }
    std::string digits;
    int exponent = 0;
    bool fraction = false;
    size_t i = 0;
    for (; i < s.size() && s[i] != 'e' && s[i] != 'E'; i++) {
        if (s[i] == '.') {
            fraction = true;
            continue;
        }
        if (digits.empty() && s[i] == '0' && !fraction) continue;
        digits += s[i];
        exponent -= fraction;
    }
    if (i < s.size()) {
        const char *from = s.data() + i + 1 + (s[i + 1] == '+');
        int e = 0;
        if (std::from_chars(from, s.data() + s.size(), e).ec != std::errc()) return false;
        if (e > kMaxExponent || e < -kMaxExponent) return false;
        exponent += e;
    }
    if (digits.size() > kMaxDigits) return false;
    // Whole groups of four on both sides of the point.
    int above = ((exponent % 4) + 4) % 4;
    digits.append(static_cast<size_t>(above), '0');
    exponent -= above;
    digits.insert(0, (4 - digits.size() % 4) % 4, '0');
    for (size_t k = 0; k < digits.size(); k += 4) {
        int16_t group = 0;
        std::from_chars(digits.data() + k, digits.data() + k + 4, group);
        out->groups.push_back(group);
    }
    int weight = static_cast<int>(out->groups.size()) - 1 + exponent / 4;
    if (weight > INT16_MAX || weight < INT16_MIN) return false;
    out->weight = static_cast<int16_t>(weight);
    return true;
}
} // namespace spout::json
