// markup.cpp - a checker of well-formed content, with a stack of its own and a bound on its depth.
#include "format/xml/markup.hpp"

#include <vector>

#include "base/parse.hpp"
#include "format/xml/names.hpp"
#include "format/xml/text.hpp"

#include "base/no_postgres.hpp"

namespace spout::xml
{
namespace
{
using View = std::string_view;

constexpr View kXmlUri = "http://www.w3.org/XML/1998/namespace";
constexpr View kXmlnsUri = "http://www.w3.org/2000/xmlns/";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool starts_with(View s, View with) { return s.substr(0, with.size()) == with; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// A host, and a port behind it or not: what everybody takes, no user names, no addresses in brackets.
bool is_authority(View s)
{
    View host = s.substr(0, s.find(':'));
    for (char c : host)
        if (!is_letter(c) && !is_digit(c) && c != '-' && c != '.' && c != '_' && c != '~') return false;
    View port = s.substr(host.size());
    for (char c : port.substr(port.empty() ? 0 : 1))
        if (!is_digit(c)) return false;
    return s.empty() || (!host.empty() && port.size() != 1 && port.size() <= 6);
}

// The name of a namespace as it is written in the attribute. libxml2 takes it as an error of the document
// when it is no URI reference (RFC 3986); expat, when it holds the character that an application has its
// names put together with: a blank or a brace, which no URI has.
bool is_uri(View s)
{
    static constexpr View kOthers = "-._~:/?#!$&'()*+,;=@";
    int marks = 0;
    for (size_t i = 0; i < s.size(); i++) {
        char c = s[i];
        bool entity = c == '&' && (starts_with(s.substr(i), "&amp;") || starts_with(s.substr(i), "&apos;"));
        bool escape = c == '%' && i + 2 < s.size() && is_hex(s[i + 1]) && is_hex(s[i + 2]);
        bool plain = is_letter(c) || is_digit(c) || (c != '&' && kOthers.find(c) != View::npos);
        if (!plain && !entity && !escape) return false;
        marks += entity || c == '#';
    }
    // One fragment at most; older libxml2 looks at an ampersand as "&#38;".
    if (marks > 1) return false;
    // A colon in front of everything else ends a scheme.
    size_t end = s.find_first_of(":/?#");
    if (end != View::npos && s[end] == ':') {
        if (end == 0 || !is_letter(s[0]) || s.substr(0, end).find_first_of("~!$&'()*,;=@%_") != View::npos)
            return false;
        s.remove_prefix(end + 1);
    }
    if (!starts_with(s, "//")) return true;
    s.remove_prefix(2);
    return is_authority(s.substr(0, s.find_first_of("/?#")));
}

struct QName {
    View whole, prefix, local; // prefix empty: none
};
struct Attribute {
    QName name;
    View value; // as written
};
struct Element {
    View name;
    size_t declared; // how many prefixes were declared around it
};

class Checker
{
  public:
    Checker(View s, size_t max_depth) : rest_(s), max_depth_(max_depth) {}

    bool content()
    {
        while (!rest_.empty()) {
            bool ok = rest_[0] == '<' ? markup() : rest_[0] == '&' ? reference() : text();
            if (!ok) return false;
        }
        return open_.empty();
    }

  private:
    bool skip(View what)
    {
        if (!starts_with(rest_, what)) return false;
        rest_.remove_prefix(what.size());
        return true;
    }
    bool spaces()
    {
        size_t before = rest_.size();
        while (!rest_.empty() && is_space(rest_[0]))
            rest_.remove_prefix(1);
        return rest_.size() != before;
    }
    // What stands before `stop`, which is skipped; all of it characters of XML.
    bool up_to(View stop, View *inside)
    {
        size_t n = rest_.find(stop);
        if (n == rest_.npos) return false;
        *inside = rest_.substr(0, n);
        rest_.remove_prefix(n + stop.size());
        return characters(*inside);
    }
    static bool characters(View s)
    {
        for (const char *p = s.data(), *end = p + s.size(); p < end;)
            if (!is_character(next_character(p, end))) return false;
        return true;
    }

    bool text();
    bool markup();
    bool reference();
    bool references(View s) const;
    bool comment();
    bool instruction();
    bool name(View *out); // without a colon
    bool qualified(QName *out);
    bool start_tag();
    bool end_tag();
    bool attribute();
    bool declare(const Attribute &);
    bool attributes_agree() const;
    bool is_declared(View prefix) const;

    View rest_;
    const size_t max_depth_; // of elements within elements
    std::vector<Element> open_;
    std::vector<View> declared_; // prefixes in scope
    std::vector<Attribute> attributes_;
};

bool Checker::text()
{
    View s = rest_.substr(0, rest_.find_first_of("<&"));
    rest_.remove_prefix(s.size());
    return s.find("]]>") == s.npos && characters(s);
}

bool Checker::markup()
{
    View inside;
    if (skip("<!--")) return comment();
    if (skip("<![CDATA[")) return up_to("]]>", &inside);
    if (skip("<?")) return instruction();
    if (skip("</")) return end_tag();
    return skip("<") && start_tag(); // a DOCTYPE is no name
}

bool Checker::comment()
{
    View inside;
    return up_to("--", &inside) && skip(">");
}

bool Checker::instruction()
{
    View target, inside;
    if (!name(&target) || iequals(target, "xml")) return false;
    if (skip("?>")) return true;
    return spaces() && up_to("?>", &inside);
}

// &lt; &gt; &amp; &quot; &apos; and numbers of characters.
bool Checker::reference()
{
    for (View entity : {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"})
        if (skip(entity)) return true;
    bool hex = starts_with(rest_, "&#x");
    if (!hex && !starts_with(rest_, "&#")) return false;
    rest_.remove_prefix(hex ? 3 : 2);
    uint32_t c = 0;
    size_t digits = 0;
    for (; !rest_.empty() && rest_[0] != ';' && digits < 8; rest_.remove_prefix(1), digits++) {
        char d = rest_[0], letter = static_cast<char>(d | 0x20);
        bool decimal = d >= '0' && d <= '9';
        if (!decimal && (!hex || letter < 'a' || letter > 'f')) return false;
        c = c * (hex ? 16 : 10) + static_cast<uint32_t>(decimal ? d - '0' : letter - 'a' + 10);
    }
    return digits && is_character(c) && skip(";");
}

bool Checker::references(View s) const
{
    for (size_t at = s.find('&'); at != s.npos; at = s.find('&', at + 1)) {
        Checker one(s.substr(at), 0);
        if (!one.reference()) return false;
    }
    return true;
}

bool Checker::name(View *out)
{
    const char *from = rest_.data(), *end = from + rest_.size(), *p = from;
    while (p < end) {
        const char *at = p;
        uint32_t c = next_character(p, end);
        if (at == from ? is_name_start(c) : is_name_char(c)) continue;
        p = at;
        break;
    }
    *out = {from, static_cast<size_t>(p - from)};
    rest_.remove_prefix(out->size());
    return !out->empty();
}

bool Checker::qualified(QName *out)
{
    View whole = rest_;
    out->prefix = {};
    if (!name(&out->local)) return false;
    if (skip(":")) {
        out->prefix = out->local;
        if (!name(&out->local)) return false;
    }
    out->whole = whole.substr(0, whole.size() - rest_.size());
    return true;
}

bool Checker::is_declared(View prefix) const
{
    if (prefix.empty() || prefix == "xml") return true;
    for (View d : declared_)
        if (d == prefix) return true;
    return false;
}

// A reserved name and an empty one for a prefix are refused; references could hide either.
bool Checker::declare(const Attribute &a)
{
    bool prefixed = a.name.prefix == "xmlns";
    if (a.value == kXmlUri || a.value == kXmlnsUri || !is_uri(a.value)) return false;
    if (!prefixed) return true;
    if (a.value.empty() || a.name.local == "xml" || a.name.local == "xmlns") return false;
    declared_.push_back(a.name.local);
    return true;
}

bool Checker::attribute()
{
    Attribute a;
    if (!qualified(&a.name)) return false;
    spaces();
    if (!skip("=")) return false;
    spaces();
    View quote = rest_.substr(0, 1);
    if (quote != "\"" && quote != "'") return false;
    rest_.remove_prefix(1);
    if (!up_to(quote, &a.value) || a.value.find('<') != a.value.npos || !references(a.value)) return false;
    attributes_.push_back(a);
    // An identifier has to be unique in the whole document, and a name without a colon.
    if (a.name.whole == "xml:id") return false;
    return a.name.whole == "xmlns" || a.name.prefix == "xmlns" ? declare(a) : true;
}

// No name twice; two prefixes may stand for one namespace, so neither a local name under two of them.
bool Checker::attributes_agree() const
{
    for (size_t i = 0; i < attributes_.size(); i++) {
        const QName &a = attributes_[i].name;
        if (a.prefix != "xmlns" && !is_declared(a.prefix)) return false;
        for (size_t j = 0; j < i; j++) {
            const QName &b = attributes_[j].name;
            bool declarations = a.prefix == "xmlns" || b.prefix == "xmlns";
            bool both = !a.prefix.empty() && !b.prefix.empty() && !declarations;
            if (a.whole == b.whole || (both && a.local == b.local)) return false;
        }
    }
    return true;
}

bool Checker::start_tag()
{
    constexpr size_t kMaxAttributes = 1000; // they are compared in pairs
    QName element;
    size_t declared = declared_.size();
    attributes_.clear();
    if (open_.size() == max_depth_ || !qualified(&element)) return false;
    bool space = spaces();
    while (!rest_.empty() && rest_[0] != '>' && rest_[0] != '/') {
        if (!space || attributes_.size() == kMaxAttributes || !attribute()) return false;
        space = spaces();
    }
    if (!is_declared(element.prefix) || !attributes_agree()) return false;
    if (skip("/>")) {
        declared_.resize(declared);
        return true;
    }
    open_.push_back({element.whole, declared});
    return skip(">");
}

bool Checker::end_tag()
{
    if (open_.empty() || !skip(open_.back().name)) return false;
    spaces();
    declared_.resize(open_.back().declared);
    open_.pop_back();
    return skip(">");
}
} // namespace

View without_declaration(View xml)
{
    if (!starts_with(xml, "<?xml") || xml.size() < 6 || !is_space(xml[5])) return xml;
    size_t end = xml.find("?>");
    return end == xml.npos ? xml : xml.substr(end + 2);
}

bool is_content(View s, size_t max_depth) { return Checker(s, max_depth).content(); }
} // namespace spout::xml
