// avro_datum.hpp - a strict walk over encoded rows: is every value legal for its type? Allocates nothing per
// row, and believes no length or count before it has compared it with the bytes there are.
// Knows no blocks and no files. Source: Avro 1.12 specification, "Binary Encoding", "Logical Types".
#pragma once
#include <string>
#include <unordered_map>

#include "core/buffer.hpp"
#include "format/avro_schema.hpp"

namespace spout::avro
{
class DatumChecker
{
  public:
    // Borrows the schema.
    explicit DatumChecker(const Schema &);
    // A block of rows begins that has this many bytes.
    void begin(size_t bytes) { steps_ = kFreeSteps + kStepsPerByte * bytes; }
    // Returns the bytes of the row at the front of `data`. Throws Error(Code::corrupt), or Error(Code::limit)
    // when it would decode to much more memory than its bytes justify; the error's path says where.
    size_t row(Bytes data);
    // Did the last row fail for want of data, rather than for what it holds?
    bool ended() const { return ended_; }
    // Fewest bytes a row takes; 0 when rows have none.
    uint64_t least() const { return root_->least; }
    // Memory that the last row takes when it is decoded by Avro C, at most, in bytes.
    uint64_t decoded() const { return budget_ - room_; }

  private:
    // Values that a block may hold. Nothing else bounds those without bytes: nulls and empty records.
    static constexpr uint64_t kFreeSteps = 1 << 22, kStepsPerByte = 4;

    struct Check {
        Tag tag;
        Logical logical;
        uint32_t size = 0;                // fixed; enumeration: number of symbols
        uint64_t least = 0, decoded = 0;  // bytes of a value here, and in Avro C without what hangs on it
        std::vector<const Check *> parts; // record, choice; array, map: one
        const Node *node = nullptr;       // names of fields, for messages
        std::string largest, smallest;    // decimal: big-endian two's complement of equal length
    };
    const Check *compile(const Node &n);
    static void measure(Check &);

    void value(const Check &);
    void record(const Check &);
    void items(const Check &);
    void map_key();
    uint8_t byte();
    int64_t number();
    int64_t number(int64_t min, int64_t max, const char *what);
    Bytes span();
    [[noreturn]] void cut(const char *why);
    const uint8_t *take(uint64_t n);
    void timed(Logical l, int64_t v);
    void decimal(const Check &, Bytes b);
    void charge(uint64_t n, uint64_t each);
    size_t left() const { return static_cast<size_t>(end_ - p_); }

    std::unordered_map<const Node *, std::unique_ptr<Check>> checks_;
    const Check *root_;
    const uint8_t *p_ = nullptr, *end_ = nullptr; // not yet read of the row's data
    bool ended_ = false;
    uint64_t budget_ = 0, room_ = 0; // memory for one decoded row, in bytes
    uint64_t steps_ = 0;             // values this block may still hold
};
} // namespace spout::avro
