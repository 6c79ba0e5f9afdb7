// only_relation.hpp - a statement of ours names the relation that it measures. Between our look at the
// relation and the statement's analysis the name may come to mean another one, such as a view that runs its
// author's functions: so the relation is locked, what was seen of it is compared, and analysis is held to its
// OID.
#pragma once
#include "pg/server/pg.hpp"

namespace spout
{
// What was seen when the measurement was asked for. No oid: the statement is the user's own and may read
// anything.
struct OnlyRelation {
    Oid oid, owner;
    char kind;
};

// Locks it until the end of the transaction; 55000 unless it is still what was seen.
void hold_relation(const OnlyRelation *);
// From here on the analysis of a statement that names any other relation is an error; an invalid OID ends
// that.
void read_only_relation(Oid);
} // namespace spout
