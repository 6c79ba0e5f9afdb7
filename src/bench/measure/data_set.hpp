// data_set.hpp - the data that built-in benchmarks read. A data set is a materialized view in schema
// spout_bench, owned by the owner of the extension and a member of it: no other role can put something else
// in its place.
#pragma once
#include "pg/server/pg.hpp"

extern "C" {
#include "lib/stringinfo.h"
}

namespace spout
{
struct DataSet {
    const char *kind; // null, and so on below: refused by check_data_set
    int64 rows, seed;
    int32 columns;
};

// data_query.cpp: raises 22023 for what cannot be made.
void check_data_set(const DataSet *);
// Its SELECT: nothing in it comes from the caller but checked numbers.
const char *data_set_query(const DataSet *);

// data_set.cpp. Its name in spout_bench; the last number is the generator's version.
const char *data_set_name(const DataSet *);
// Locked against every change until the end of the transaction. Invalid: not made yet. 42809: something else
// has its name.
Oid find_data_set(const DataSet *);
Oid make_data_set(const DataSet *); // or finds it
void drop_data_sets(const char *kind);
} // namespace spout
