// names.cpp - mangling and de-duplication.
#include "format/avro/names.hpp"

#include "base/no_postgres.hpp"

namespace spout::avro
{
namespace
{
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_head(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string lower(std::string s)
{
    for (char &c : s)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return s;
}

template <typename Free> std::string numbered(const std::string &name, Free is_free, unsigned k = 2)
{
    for (;; k++) {
        std::string candidate = name + '_' + std::to_string(k);
        if (is_free(lower(candidate))) return candidate;
    }
}
} // namespace

bool is_name(std::string_view s)
{
    if (s.empty() || !is_head(s[0])) return false;
    for (char c : s)
        if (!is_head(c) && !is_digit(c)) return false;
    return true;
}

bool is_namespace(std::string_view s)
{
    if (s.empty()) return true;
    for (;;) {
        size_t dot = s.find('.');
        if (!is_name(s.substr(0, dot))) return false;
        if (dot == s.npos) return true;
        s.remove_prefix(dot + 1);
    }
}

std::string mangle(std::string_view s)
{
    if (s == "?column?") return "column";
    std::string name;
    for (char c : s) {
        if (is_continuation(c)) continue;
        if (is_digit(c) && name.empty()) name += '_';
        name += is_head(c) || is_digit(c) ? c : '_';
    }
    return name.empty() ? "_" : name;
}

std::vector<std::string> unique_names(const std::vector<std::string_view> &sql_names)
{
    std::vector<std::string> names;
    std::unordered_set<std::string> wanted, taken;
    for (std::string_view s : sql_names) {
        names.push_back(mangle(s));
        wanted.insert(lower(names.back()));
    }
    for (std::string &name : names) {
        if (taken.insert(lower(name)).second) continue;
        name = numbered(name, [&](const std::string &c) { return !wanted.count(c) && !taken.count(c); });
        taken.insert(lower(name));
    }
    return names;
}

std::string NameSet::take(const std::string &name)
{
    if (taken_.insert(lower(name)).second) return name;
    unsigned &next = next_.emplace(lower(name), 2).first->second;
    std::string other = numbered(
        name, [&](const std::string &c) { return !taken_.count(c); }, next++);
    taken_.insert(lower(other));
    return other;
}
} // namespace spout::avro
