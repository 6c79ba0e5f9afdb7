// dimensions.hpp - how many dimensions the arrays of an export have (RowType::dimensions), as the option
// array_dimensions says and as values show.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "base/cell.hpp"
#include "base/schema.hpp"

namespace spout
{
// {"matrix": 2, "address.lines": 1}: paths of columns and attributes. Throws Error(Code::bad_value).
std::map<std::string, uint8_t> parse_dimensions(const char *json);
// The same for the arrays of this row type. Throws Error(Code::bad_value) where it names what is no array.
void ask_dimensions(const RowType &, const char *json, uint8_t *dimensions);
// What is not known yet, from a row that shows it.
void learn_dimensions(const RowType &, const Cell *, uint8_t *dimensions) noexcept;
} // namespace spout
