// contexts.hpp - the server's memory contexts, added up by name: which of them grew since a start. They hold
// what no allocator of ours gave, and all memory of statements without our code.
#pragma once
#include "bench/server/json.hpp"

namespace spout
{
void contexts_start();
void contexts_look();                 // the largest of all looks counts as peak
int64 contexts_growth();              // in all but caches, from the start to the last look
int64 contexts_peak();                // the largest growth of a look
void put_contexts(StringInfo, int n); // elements of an array: the n that grew most
} // namespace spout
