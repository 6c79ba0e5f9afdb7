// datum.hpp - a strict walk over encoded rows: is every value legal for its type? Bytes come in pieces
// of any size; it keeps none of them, allocates nothing per row, and lets no length or count that it reads
// decide about memory or about the time until it looks up again. Knows no blocks and no files. Source:
// Avro 1.12 specification, "Binary Encoding", "Logical Types".
#pragma once
#include <string>
#include <unordered_map>

#include "base/buffer.hpp"
#include "base/utf8.hpp"
#include "format/avro/schema.hpp"

namespace spout::avro
{
class DatumChecker
{
  public:
    enum class Progress : uint8_t {
        done, // the row has ended
        more, // all bytes were taken, and the row wants more
        pause // the work allowed is done
    };
    // Borrows the schema.
    explicit DatumChecker(const Schema &);
    void begin_block() { steps_ = kFreeSteps; }
    void begin_row();
    // Takes what belongs to the row off the front of `in`; `work` counts down. Throws Error(Code::corrupt),
    // or Error(Code::limit) when the row would decode to much more memory than its bytes justify; the error's
    // path says where.
    Progress feed(Bytes *in, uint32_t *work);
    // Where in the row it is: `.lines[3].price`.
    std::string path() const;
    // Fewest bytes a row takes; 0 when rows have none.
    uint64_t least() const { return root_->least; }
    // Bytes of the row so far, and the memory that it takes when it is decoded by Avro C, at most.
    uint64_t size() const { return size_; }
    uint64_t decoded() const { return decoded_; }

  private:
    // Values that a block may hold. Nothing else bounds those without bytes: nulls and empty records.
    static constexpr uint64_t kFreeSteps = 1 << 22, kStepsPerByte = 4;

    // Of decimals of a precision: big-endian two's complement of equal length.
    struct Range {
        std::string largest, smallest;
    };
    struct Check {
        Tag tag;
        Logical logical;
        uint32_t size = 0;                // fixed; enumeration: number of symbols
        uint64_t least = 0, decoded = 0;  // bytes of a value here, and in Avro C without what hangs on it
        std::vector<const Check *> parts; // record, choice; array, map: one
        const Node *node = nullptr;       // names of fields, for messages
        const Range *range = nullptr;     // decimal
    };
    // A value that has begun.
    struct Open {
        const Check *check;
        uint8_t stage = 0;
        bool sized = false;            // a block of items has its size in front
        uint64_t index = 0, until = 0; // record: field; array, map: item, and items to the end of the block
        uint64_t end = 0;              // of a sized block, as a size of the row
    };
    const Check *compile(const Node &n);
    static void measure(Check &);
    const Range *range(int32_t precision);

    void open(const Check &);
    void close() { open_.pop_back(); }
    // These go on with the innermost value; false: it wants more bytes.
    bool go_on();
    bool integer(const Check &);
    bool sized_bytes(Open &);
    bool fixed_bytes(Open &, uint64_t n);
    bool choice(Open &);
    bool items(Open &);
    bool items_begin(Open &);

    bool byte(uint8_t *);
    bool number(int64_t *);
    bool number(int64_t *, int64_t min, int64_t max, const char *what);
    void text_begin(const Check *, uint64_t n); // null: a key
    bool text(const Check *);
    void text_piece(const Check *, Bytes);
    void text_end(const Check *);
    bool decimal_ends_well(const Check &) const;
    void timed(Logical l, int64_t v) const;
    void charge(uint64_t bytes);

    std::unordered_map<const Node *, std::unique_ptr<Check>> checks_;
    std::unordered_map<int32_t, Range> ranges_; // by precision
    const Check *root_;
    std::vector<Open> open_; // innermost last
    Bytes *in_ = nullptr;
    uint64_t size_ = 0, decoded_ = 0; // of the row
    uint64_t steps_ = 0;              // values this block may still hold
    // Of the number or text that is being read.
    uint64_t number_ = 0;
    unsigned shift_ = 0;
    uint64_t text_size_ = 0, text_left_ = 0;
    Utf8Pieces utf8_;
    std::string kept_; // a UUID; the last bytes of a decimal
    bool minus_ = false;
};
} // namespace spout::avro
