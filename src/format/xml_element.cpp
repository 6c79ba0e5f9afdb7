// xml_element.cpp - a key that was not met lately.
#include "format/xml_element.hpp"

#include "format/xml_names.hpp"

#include "core/no_postgres.hpp"

namespace spout::xml
{
Elements::Known &Elements::find(std::string_view key)
{
    std::string text(key);
    auto known = all_.find(text);
    if (known == all_.end()) {
        std::string name;
        append_name(name, key);
        known = all_.emplace(std::move(text), Element(name)).first;
    }
    return *known;
}

void Elements::forget()
{
    recent_.fill(nullptr);
    all_.clear();
}
} // namespace spout::xml
