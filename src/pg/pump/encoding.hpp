// encoding.hpp - one process's part of an export: binder, writer and sink under one leaf context, whose reset
// callback is the only clean-up there is. The leader has one, and so has every parallel worker.
#pragma once
#include "pg/pump/briefing.hpp"
#include "pg/pump/pump.hpp"

namespace spout
{
struct Encoding {
    Pump pump;
    Spec spec;
    Described *described; // for the manifest
    Allocator allocator;
    MemoryContextCallback cleanup;
};

// In a new context below `parent`: encoding->pump.cx.
Encoding *encoding_create(MemoryContext parent);
// Binder for rows of this description; dimensions of its arrays are as told, asked for or declared.
void encoding_bind(Encoding *, TupleDesc, const Briefing *);
// Writer for its rows; what is not known of arrays by now is assumed. `cut`: the open block may be cut behind
// any row.
void encoding_open(Encoding *, const Briefing *, bool cut);
} // namespace spout
