// wall.hpp - the wall between C++ with exceptions (core) and PostgreSQL with longjmp (glue).
// The glue includes this and the plain-data headers below, nothing else of core. Every function is
// noexcept and handles at most one block, when reading a piece of one, so a cancel waits for no more than
// that. Ownership: writer_open/reader_open make an object, writer_free/reader_free end it; bytes handed out
// are valid until the next call on the same object. After a Code other than ok, the Failure says why;
// the object can then only be freed (a row refused by writer_add leaves the open block as it was).
#pragma once
#include <cstddef>
#include <cstdint>

#include "codec/versions.hpp"
#include "base/allocator.hpp"
#include "engine/bench_judge.hpp"
#include "engine/bench_settings.hpp"
#include "engine/bench_stats.hpp"
#include "base/cell.hpp"
#include "base/code.hpp"
#include "base/crc32.hpp"
#include "base/options.hpp"
#include "base/read.hpp"
#include "base/schema.hpp"
#include "base/spec.hpp"
#include "base/stored.hpp"

namespace spout
{
struct Writer;
struct Reader;

struct BytesRef {
    const uint8_t *p;
    size_t n;
};

// The open block, kept up to date by writer_add and writer_take.
struct OpenBlock {
    size_t bytes; // raw
    uint32_t rows;
    bool full; // it should be taken
};

struct BlockRef {
    BytesRef bytes;
    uint32_t rows;
    uint64_t raw_bytes, compress_ns;
};

// Where a block stands.
struct Position {
    uint32_t file;
    bool first, last; // of its file
};
// Where a codec wraps whole blocks, a file's header is packed with its first block and its footer with the
// last: readers that stop at the end of the first frame have all of a small file, and rows of any.
struct Wrapping {
    bool wraps;
    bool header, footer; // there is one, so it matters which block is first, or last
};

// --- options -------------------------------------------------------------------------------------
bool size_parse(const char *text, uint64_t *bytes) noexcept; // "64MB", as the options' values are read
bool format_known(const char *name) noexcept;
// An option that we parse: false for unknown ones and for those the server's own COPY checks.
bool option_is_ours(const char *format, const char *name) noexcept;
// An option of any format of ours, whatever the format: not those that the server's own COPY has.
bool option_is_known(const char *name) noexcept;
bool option_is_of_files(const char *name) noexcept;             // makes no sense for a stream
const char *option_at(const char *format, uint32_t i) noexcept; // in order; null past the last
Code bench_stored(Metric, Runs base, Runs fresh, Runs clean, StoredVerdict *, Failure *why) noexcept;
Code bench_grade(const Threshold *, size_t n, const MemoryUse *, Judgement *, Failure *why) noexcept;
Code bench_growth(const MemoryPass *fewer, const MemoryPass *more, Judgement *, Failure *why) noexcept;
// *found false: too few points.
Code bench_slope(const double *x, const double *y, size_t n, double *slope, bool *found,
                 Failure *why) noexcept;
Code bench_setting(const SettingInput *, const char *origin, SettingValue *, Failure *why) noexcept;
const SettingKey *bench_setting_key(uint32_t i) noexcept; // null past the last
int64_t bench_bytes(const char *size) noexcept;           // "64MB" in bytes; -1: no size
const char *format_at(uint32_t i) noexcept;               // the same of the registered formats
Code options_parse(const char *format, const RawOption *raw, uint32_t n, Options *out, Failure *why) noexcept;
// The compression that a file's name asks for, where the format is compressed as a whole; null: none.
const char *compression_by_name(const char *format, const char *path) noexcept;
// True: programs that go by the name will take the file for what it is not; `out` has a warning and its hint.
bool name_misleads(const Options *, const char *path, Failure *out) noexcept;
// Options copied from another process: finds the format and the codec by their names. False: unknown here.
bool options_relink(const char *format, const char *codec_name, Options *) noexcept;
const char *format_name(const Options *) noexcept;
Style format_style(const Options *) noexcept;
bool blocks_commute(const Options *) noexcept; // may be placed in any order
bool format_is_text(const Options *) noexcept; // lines, unless a codec packs them

// --- dimensions of arrays (RowType::dimensions) ---------------------------------------------------
// A schema is made of the row type: dimensions must be known before the first row.
bool derives_schema(const Options *) noexcept;
// What the option array_dimensions says; bad_value when it names what is no array.
Code dimensions_asked(const Options *, const RowType *, uint8_t *dimensions, Failure *why) noexcept;
// What the values of a row show of those that are not known. Cells of columns that hold no array may be null.
void dimensions_learn(const RowType *, const Cell *, uint8_t *dimensions) noexcept;

// --- writing -------------------------------------------------------------------------------------
Code writer_open(const Spec *, Writer **, Failure *why) noexcept;
Code writer_add(Writer *, const Cell *, uint32_t n) noexcept;
// Rows from now on may have cells that are Cell::printed.
void writer_expect_printed(Writer *) noexcept;
// Valid as long as the Writer: what is asked after every row is read, not called.
const OpenBlock *writer_open_block(const Writer *) noexcept;
// Where Spec::stored is given and the format can: a row as it is stored. *taken false: nothing was added, for
// some value lies elsewhere; the row then comes as cells.
bool writer_takes_stored(const Writer *) noexcept;
Code writer_add_stored(Writer *, StoredRow, bool *taken) noexcept;
bool writer_full(const Writer *) noexcept;
uint32_t writer_pending_rows(const Writer *) noexcept;
size_t writer_pending_bytes(const Writer *) noexcept; // raw
// Closes a block of the first `rows` pending rows, 0: of all; there must be some. Fewer than all needs
// Spec::cut_rows; what follows them stays pending. A wrong guess costs file_place the packing once more.
Code writer_take(Writer *, uint32_t rows, BlockRef *, Position guess = {}) noexcept;
// The same in two steps: the whole open block is packed by a thread of its own, while rows are added to the
// next. One at a time.
Code writer_submit(Writer *, Position guess = {}) noexcept;
int writer_submitted_fd(const Writer *) noexcept;   // readable when it is packed; -1: nothing to wait for
Code writer_collect(Writer *, BlockRef *) noexcept; // waits, if it must; valid until the second next
// Closes a block of all pending rows for another Writer of the same Spec, which absorbs it before packing.
// Where rows are cut, ends[i] is how far row i goes.
Code writer_give(Writer *, BlockRef *, const size_t **ends) noexcept;
Code writer_absorb(Writer *, BytesRef, uint32_t rows, const size_t *ends) noexcept;
Wrapping writer_wrapping(const Writer *) noexcept;
// Bytes of a text file that are no rows, before a codec: its header and footer. Other formats: 0.
uint64_t writer_edges(const Writer *) noexcept;
Code file_begin(Writer *, uint32_t file, BytesRef *) noexcept;
// The block of the last take or collect becomes one of this file, and its bytes are final. Nothing may be
// submitted where a codec wraps blocks.
Code file_place(Writer *, Position, BlockRef *) noexcept;
// Of blocks placed as not the first of their file: the first one is, after all. Not where a codec wraps them.
void file_lead(Writer *, uint8_t *blocks) noexcept;
// empty: the file has no bytes yet; closed: its last block was placed as that.
enum class Ending : uint8_t { empty, open, closed };
Code file_end(Writer *, uint32_t file, Ending, BytesRef *) noexcept;
const Failure *writer_failure(const Writer *) noexcept;
// The nth warning about values some readers refuse, or null; ask after the last row.
const char *writer_warning(Writer *, uint32_t n) noexcept;
void writer_free(Writer *) noexcept; // null is fine; never fails

// --- describing ----------------------------------------------------------------------------------
struct DescribedColumn {
    const char *target_type, *name, *lossy_why; // lossy_why null: nothing is lost
};
struct Described;
Code describe_open(const Spec *, Described **, Failure *why) noexcept;
BytesRef describe_schema(const Described *) noexcept; // the text a file would carry
bool describe_column(const Described *, uint32_t i, DescribedColumn *) noexcept; // false past the last
void describe_free(Described *) noexcept;

// --- reading back (verify_export) ----------------------------------------------------------------
Code reader_open(const ReadOps *, const ReadAs *, Reader **, Failure *why) noexcept; // reads the header
Code reader_next(Reader *, bool *more, Failure *why) noexcept; // one step; more = false at the end
void reader_stats(const Reader *, ReadStats *) noexcept;
void reader_free(Reader *) noexcept;

// --- benchmarks ----------------------------------------------------------------------------------
Code bench_summary(const double *x, size_t n, BenchSummary *, Failure *why) noexcept;
Code bench_pairs(const double *a, const double *b, size_t n, double tolerance, BenchPairs *,
                 Failure *why) noexcept;
} // namespace spout
