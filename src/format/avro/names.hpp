// names.hpp - Avro names out of SQL names: legal and unique. Knows no schema.
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace spout::avro
{
// [A-Za-z_][A-Za-z0-9_]*
bool is_name(std::string_view s);
// Names joined by dots; empty is the null namespace.
bool is_namespace(std::string_view s);
// Each character (not byte) that cannot stand in a name becomes `_`; input is UTF-8.
std::string mangle(std::string_view sql_name);
// Mangled and made unique, ignoring case, left to right, avoiding the names of later columns.
std::vector<std::string> unique_names(const std::vector<std::string_view> &sql_names);

// Names of types that are taken, ignoring case.
class NameSet
{
  public:
    // `name`, or the first of name_2, name_3, ... that is free; taken from now on.
    std::string take(const std::string &name);

  private:
    // Lower case. Avro's own types come first: their names cannot be defined in any namespace.
    std::unordered_set<std::string> taken_ = {"null",  "boolean", "int",   "long",
                                              "float", "double",  "bytes", "string"};
    std::unordered_map<std::string, unsigned> next_; // lower case; no smaller number is free
};
} // namespace spout::avro
