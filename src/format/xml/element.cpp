// element.cpp - a key that was not met lately.
#include "format/xml/element.hpp"

#include "format/xml/names.hpp"

#include "base/no_postgres.hpp"

namespace spout::xml
{
namespace
{
Element named_after(std::string_view key)
{
    std::string name;
    append_name(name, key);
    return Element(name);
}
} // namespace

Elements::Known *Elements::find(std::string_view key)
{
    if (key.size() > kLongest) return nullptr;
    std::string text(key);
    auto known = all_.find(text);
    if (known != all_.end()) return &*known;
    if (all_.size() == kMost) return nullptr;
    return &*all_.emplace(std::move(text), named_after(key)).first;
}

const Element &Elements::make(std::string_view key, size_t depth)
{
    if (passing_.size() <= depth) passing_.resize(depth + 1);
    passing_[depth] = std::make_unique<Element>(named_after(key));
    return *passing_[depth];
}

void Elements::forget()
{
    recent_.fill(nullptr);
    if (all_.size() == kMost) all_.clear();
    passing_.clear();
}
} // namespace spout::xml
