// copy_claim.hpp - whose COPY is it? Asked of every utility statement, so that it costs a few comparisons: no
// allocation, no catalog.
#pragma once
#include "pg/server/pg.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
}

namespace spout
{
enum class Claim {
    none,    // not ours: passes untouched
    ours,    // COPY TO in a format of ours, or in csv with an option of ours
    doubtful // passes, too; if the server refuses its options, we have something to say
};
Claim claim_of(const PlannedStmt *);

const char *copy_format(const CopyStmt *); // as written; null: none is named

// What to say of a COPY that was passed on and refused; copied from the statement, which may be gone then.
struct Passed {
    bool from, missing; // missing: it would have been ours, but the database has no extension
    const char *format; // null: none is named
    const char *option; // the first that is not the server's; null: none
};
Passed passed_on(const CopyStmt *, bool missing);
// In a PG_CATCH block, in the memory context of the statement: raises the error that is being handled, in
// better words where it came from the server's reading of COPY's options.
[[noreturn]] void explain_refusal(const Passed *);
} // namespace spout
