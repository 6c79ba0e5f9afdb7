// default.hpp - does the default of a field fit its type? Private to the schema checker.
// Source: Avro 1.12 specification, "Complex Types", "Records", table of field default values.
#pragma once
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "format/avro/schema.hpp"
#include "format/text/json_tree.hpp"

namespace spout::avro
{
// Every value is looked at once, and what it is compared with is looked up: a schema of a foreign file may
// hold many defaults for wide records.
class Defaults
{
  public:
    // The field has a default itself, so a default of its record may leave it out. Borrows the nodes.
    void has_one(const Node *record, std::string_view field) { defaulted_[record].insert(field); }
    // The default of a union must fit its first branch: later versions of the specification allow any, but
    // many readers do not.
    bool fit(const json::Value &, const Node &);

  private:
    bool fit_record(const json::Value &, const Node &);
    bool fit_all(const json::Value &, const Node &items);
    bool fit_enumeration(const json::Value &, const Node &);

    std::unordered_map<const Node *, std::unordered_set<std::string_view>> defaulted_, symbols_;
    std::unordered_map<const Node *, std::unordered_map<std::string_view, const Node *>> fields_;
};
} // namespace spout::avro
