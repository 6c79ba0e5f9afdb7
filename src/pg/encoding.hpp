// encoding.hpp - one process's part of an export: binder, writer and sink under one leaf context, whose reset
// callback is the only clean-up there is. The leader has one, and so has every parallel worker.
#pragma once
#include "pg/briefing.hpp"
#include "pg/pump.hpp"

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
// Binder and writer for rows of this description. `cut`: the open block may be cut behind any row.
void encoding_open(Encoding *, TupleDesc, const Briefing *, bool cut);
} // namespace spout
