// look.hpp - a look at the first rows before anything is written, where neither an option nor the catalog
// says how many dimensions an array has. The leader that encodes alone keeps those rows and encodes them
// afterwards: the query runs once. Where workers encode, the leader reads them in a run of its own before
// theirs, if that is cheap and nothing in the query is volatile; else it encodes alone.
#pragma once
#include "pg/bind/bind.hpp"
#include "pg/plan/plan.hpp"
#include "pg/pump/pump.hpp"

namespace spout
{
// Must this export look? Then a plan for workers gets a look of its own, or becomes one for the leader.
bool look_needed(Planned *, const Binder *, const Options *);
// Before workers start.
void look_ahead(const Planned *, Binder *);

// The rows the leader has seen and not yet encoded; lives in the export's leaf.
struct Look;
Look *look_start(Pump *);
// True: enough was seen.
bool look_keep(Look *, TupleTableSlot *);
// The rows, into the pump, and frees them.
void look_end(Look *);
} // namespace spout
