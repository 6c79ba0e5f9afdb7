// options.hpp - the options of an export (docs/options.md), parsed and checked once for all doors.
// Plain data: strings are borrowed from the door that brought them and live as long as the export.
#pragma once
#include <cstddef>
#include <cstdint>

namespace spout
{
struct Format;
struct CodecDef;
struct Failure;

// How values reach the encoder: in a form of our own, or as the server prints them for its own COPY CSV
// and row_to_json (docs/formats/csv.md, json.md).
enum class Style : uint8_t { self_contained, csv, json };
enum class Profile : uint8_t { spec, iceberg, bigquery, hive, kafka_connect };
enum class OnInfinity : uint8_t { error, null, clamp };
enum class OnNan : uint8_t { error, null, string };
constexpr int kParallelAuto = -1;
constexpr int kFileModeDefault = -1;
constexpr int kMaxParallel = 1024; // as the server's max_parallel_workers_per_gather

// An option as the user wrote it.
struct RawOption {
    const char *name;
    const char *value; // null: given without a value, as in (sync)
};

// COPY's own CSV options, checked by the server. Texts are in the file's encoding unless said.
struct CsvOptions {
    char delimiter, quote, escape;
    bool header;
    const char *null_text;
    const char *null_server; // in the database encoding
    const bool *force_quote; // per column; null: none
    int encoding;            // a number of the server's; core never looks at it
    int (*mblen)(int encoding,
                 const char *); // bytes of a character; null: none has a byte that looks like ASCII
};

struct Options {
    const Format *format;
    const CodecDef *codec;                          // null: no compression
    const char *codec_name;                         // as this format calls it
    int level;                                      // resolved; 0 when the codec has none
    uint64_t max_rows_per_file, max_bytes_per_file; // 0 = off
    bool fail_if_exists, sync, manifest;
    int file_mode;          // permission bits, or kFileModeDefault
    const char *file_group; // name or number; null: not given
    int parallel;           // kParallelAuto, 0 = off, or a number of workers
    size_t block_size;
    CsvOptions csv;
    bool json_array;                  // force_array
    bool omit_nulls;                  // json, xml
    const char *root_name, *row_name; // xml; null: the default
    // avro
    const char *record_name, *name_space; // null: derived
    const char *schema, *metadata;        // JSON text or null
    const char *array_dimensions;         // likewise
    bool required;                        // columns that cannot be NULL are written so
    bool has_sync_marker;
    uint8_t sync_marker[16];
    Profile profile;
    OnInfinity on_infinity;
    OnNan on_nan;
};
} // namespace spout
