// derive.hpp - the Avro schema that follows from a row type and the options.
// Depends on nothing else, so that every file of a set carries the same schema.
#pragma once
#include "base/options.hpp"
#include "base/schema.hpp"
#include "format/avro/schema.hpp"

namespace spout::avro
{
// The tree has one field per column, in their order.
// Throws Error(Code::bad_value) for a row the profile cannot take, with the column set.
Schema derive_schema(const RowType &, const Options &);

// Precision and scale as a decimal that Avro allows: 0 <= scale <= precision.
// False when the type has no fixed precision, or one above 38.
bool derived_decimal(const Type &, int *precision, int *scale);
} // namespace spout::avro
