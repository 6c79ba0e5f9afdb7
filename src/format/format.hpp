// format.hpp - what a file format implements.
// Encoder turns rows into blocks and may run in any process; Framer turns blocks into files and runs
// where the file is opened and closed. They share only the Spec.
// New format: src/format/x.cpp defines `extern const Format kX`, and one line in formats.def.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "codec/codec.hpp"
#include "base/buffer.hpp"
#include "base/cell.hpp"
#include "base/error.hpp"
#include "base/spec.hpp"

namespace spout
{
// A run of whole rows, encoded and compressed. Owned by its maker, reused by the next take().
struct Block {
    explicit Block(const Allocator &a, AllocationSite site = {__builtin_FILE(), __builtin_LINE()})
        : bytes(a, site), meta(a, site)
    {
    }
    Buffer bytes;
    Buffer meta; // what only the format knows (Parquet: column chunks); offsets relative to the block
    uint32_t rows = 0;
    uint64_t raw_bytes = 0; // before the codec
    uint64_t compress_ns = 0;
};

class Encoder
{
  public:
    virtual ~Encoder() = default;
    // All or nothing: a row that throws leaves the open block as it was.
    virtual void add(Row row) = 0;
    virtual size_t pending() const = 0; // raw bytes in the open block
    // Both in one call, which is what every row costs.
    virtual size_t add_row(Row row)
    {
        add(row);
        return pending();
    }
    // From now on cells may be Cell::printed; until then none is, and nobody looks.
    virtual void expect_printed() {}
    // A row as it is stored (Spec::stored); kNotTaken, and nothing is added, when a value lies elsewhere.
    static constexpr size_t kNotTaken = SIZE_MAX;
    virtual bool takes_stored() const { return false; }
    virtual size_t add_row(StoredRow) { return kNotTaken; }
    // Closes a block of the first `rows` rows (1 to all), which are the first `bytes` of pending(); the
    // others stay open as the start of the next one. Not packed; valid until the next call of take().
    virtual Block &take(uint32_t rows, size_t bytes) = 0;
    // Adds what another encoder of the same Spec has taken but not packed. Text formats only.
    virtual void absorb(Bytes, uint32_t)
    {
        throw Error(Code::internal, "this format's blocks cannot be joined");
    }
    // Compresses and frames a taken block: `raw` may lose its bytes. Runs beside all the rest, in a thread of
    // its own, so it uses nothing that changes but the two blocks and the codec.
    virtual void pack(Block &raw, Block &packed) { packed.bytes.swap(raw.bytes); }
    // Values that were encoded but that some readers will refuse; asked after the last row.
    virtual void warnings(std::vector<std::string> &) const {}
};

// Where a codec wraps whole blocks, header and footer are the same for every file.
class Framer
{
  public:
    virtual ~Framer() = default;
    virtual void begin(uint32_t file, Buffer &out) = 0; // header, magic, schema
    // Makes a block one of this file: patches the bytes that differ from file to file, if there are any.
    virtual void adopt(uint32_t file, Block &block) {}
    // Patches the first bytes of a block for its place: in front of all others of its file, or not.
    virtual void lead(bool first, uint8_t *block) {}
    virtual void end(uint32_t file, Buffer &out) = 0; // footer
};

// A column as it will be written: for describe_export.
struct ColumnNote {
    std::string target_type, name, lossy_why; // lossy_why empty: nothing is lost
};
struct Description {
    std::string schema;
    std::vector<ColumnNote> columns;
};

struct FormatCodec {
    const char *name;             // as users of this format write it
    const char *codec;            // CodecDef name; null: none
    const char *suffix = nullptr; // of names of files that are compressed as a whole
};
constexpr int kMaxSuffixes = 4; // of a format, with the null at the end

// A format's own option; throws Error(bad_value) when the value is wrong. Null: the server's COPY has the
// same option and checks it (src/pg/csv_options).
struct OptionDef {
    const char *name;
    void (*set)(Options &, const RawOption &);
    bool of_files = false; // makes no sense for a stream
};

// What to say of a value that should be a text (a schema, JSON) and looks like the path of one; else "".
std::string hint_of_path(const char *value, const char *option);
void set_nulls(Options &, const RawOption &); // keep or omit: of json and xml

struct Format {
    const char *name;
    Style style;
    bool codec_inside;         // the encoder calls the codec itself; else the Writer wraps whole blocks
    bool blocks_commute;       // blocks may be placed in any order
    const FormatCodec *codecs; // first is the default; ends with a null name
    const OptionDef *options;  // beyond the common ones; ends with a null name
    size_t (*block_size)(const Options &); // default raw bytes per block
    void (*check)(const Options &);        // options that contradict each other; throws Error
    std::unique_ptr<Encoder> (*encoder)(const Spec &);
    std::unique_ptr<Framer> (*framer)(const Spec &);
    void (*describe)(const Spec &, Description &);
    const char *suffixes[kMaxSuffixes]; // of names of files, the usual one first
    // Files carry a schema, with the names of types and how many dimensions arrays have.
    bool has_schema = false;
};

const Format *find_format(std::string_view name); // any case; null when there is none
const Format *const *all_formats(size_t *n);
} // namespace spout
