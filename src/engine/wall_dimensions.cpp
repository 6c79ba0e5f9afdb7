// wall_dimensions.cpp - the part of the wall that asks for the dimensions of arrays before the first row.
#include "engine/guard.hpp"
#include "engine/wall.hpp"
#include "format/dimensions.hpp"
#include "format/format.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
bool derives_schema(const Options *o) noexcept { return o->format->has_schema && !o->schema; }

Code dimensions_asked(const Options *o, const RowType *row, uint8_t *dimensions, Failure *why) noexcept
try {
    if (o->array_dimensions) ask_dimensions(*row, o->array_dimensions, dimensions);
    return Code::ok;
} catch (...) {
    return caught(why);
}

void dimensions_learn(const RowType *row, const Cell *cells, uint8_t *dimensions) noexcept
{
    learn_dimensions(*row, cells, dimensions);
}
} // namespace spout
