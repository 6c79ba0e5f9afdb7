// dimensions.hpp - the option array_dimensions, parsed.
#pragma once
#include <cstdint>
#include <map>
#include <string>

namespace spout
{
// {"matrix": 2, "address.lines": 1}: paths of columns and attributes. Throws Error(Code::bad_value).
std::map<std::string, uint8_t> parse_dimensions(const char *json);
} // namespace spout
