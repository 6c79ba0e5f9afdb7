// compile.hpp - a row type and a schema into the steps that write a row. One way for derived
// schemas and for the user's own.
#pragma once
#include "base/options.hpp"
#include "format/avro/step.hpp"

namespace spout::avro
{
struct Plan {
    std::vector<Step> steps; // in the schema's order; Step::column says which cell
    uint32_t fixed = 0;      // bytes a row may write without asking
};

// Borrows the row type and the schema. Throws Error(Code::bad_value) when fields and columns do not
// match one to one, or (with the column set) when a type does not take a column.
Plan compile(const RowType &, const Schema &, const Options &);
} // namespace spout::avro
