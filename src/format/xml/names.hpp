// names.hpp - SQL names and JSON keys as XML names: the fully escaped mapping of SQL/XML
// (ISO 9075-14, "Mapping SQL <identifier>s to XML Names"), as PostgreSQL's own query_to_xml does it.
// The character classes are those of XML 1.0 fourth edition, so that old and new parsers agree.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace spout::xml
{
// Letter or '_': what a name without a colon begins with; and what it goes on with.
bool is_name_start(uint32_t c);
bool is_name_char(uint32_t c);

// Appends the name: what cannot stand in one becomes _xHHHH_. Nothing is lost; an empty name, which only
// JSON has, is _x_. The text may hold surrogates encoded like characters.
void append_name(std::string &out, std::string_view name);
} // namespace spout::xml
