// encode_node.hpp - the plan node that encodes: it sits between a Gather and its child, in the leader and in
// every parallel worker, takes rows and returns a tuple per piece that was placed (placer.hpp).
#pragma once
#include "pg/parallel/placer.hpp"

extern "C" {
#include "lib/stringinfo.h"
#include "nodes/execnodes.h"
#include "nodes/extensible.h"
}

namespace spout
{
extern const CustomScanMethods kEncodeScan;
void register_encode_node(); // from _PG_init: workers load the library before they read the plan

struct EncodeNode;
EncodeNode *encode_node_below(PlanState *gather);
TupleDesc encode_node_input(EncodeNode *); // of the rows; lists inside a worker carry no names
// What the leader's own copy works with, and what workers will be told. All outlive the executor.
void encode_node_lead(EncodeNode *, Placer *, StringInfo message);
// After the executor: how many workers there were, and everybody's totals, the leader's first.
struct ParallelTotals {
    uint32 planned, launched;
    uint32 processes;
    const Totals *totals; // in the leader's leaf
};
void encode_node_rest(EncodeNode *); // counts what the leader has done after the executor
ParallelTotals encode_node_totals(const EncodeNode *, const PlanState *gather);
void read_piece(TupleTableSlot *, Piece *); // data is borrowed from the slot
} // namespace spout
