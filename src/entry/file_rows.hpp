// file_rows.hpp - the rows of export_to_*() and export_files(): one per file.
#pragma once
#include "pg/target/sink.hpp"

extern "C" {
#include "funcapi.h"
#include "nodes/execnodes.h"
#include "utils/tuplestore.h"
}

namespace spout
{
// checksum false: nobody asked for it, and crc32c is NULL.
inline void put_file_row(ReturnSetInfo *out, const FileEntry *f, bool checksum)
{
    char crc[9];
    pg_snprintf(crc, sizeof crc, "%08x", f->crc32c);
    Datum values[] = {Int32GetDatum((int32)f->index),     CStringGetTextDatum(f->path),
                      Int64GetDatum((int64)f->rows),      Int64GetDatum((int64)f->bytes),
                      Int64GetDatum((int64)f->raw_bytes), CStringGetTextDatum(crc)};
    bool nulls[6] = {false, false, false, false, false, !checksum};
    tuplestore_putvalues(out->setResult, out->setDesc, values, nulls);
}
} // namespace spout
