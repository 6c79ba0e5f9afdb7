// avro_default.hpp - does the default of a field fit its type? Private to the schema checker.
// Source: Avro 1.12 specification, "Complex Types", "Records", table of field default values.
#pragma once
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "format/avro_schema.hpp"
#include "format/json_tree.hpp"

namespace spout::avro
{
// Which fields of which records have a default themselves, so that a default of the record may leave them
// out.
using DefaultedFields = std::unordered_map<const Node *, std::unordered_set<std::string>>;

// The default of a union must fit its first branch: later versions of the specification allow any, but many
// readers do not.
bool fits(const json::Value &, const Node &, const DefaultedFields &);
} // namespace spout::avro
