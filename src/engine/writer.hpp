// writer.hpp - a Writer behind the wall: one encoder, one framer, one open block.
#pragma once
#include "engine/packer.hpp"
#include "engine/wall.hpp"
#include "format/format.hpp"

namespace spout
{
struct Writer {
    explicit Writer(const Spec &);

    template <typename AnyRow> bool add(AnyRow row)
    {
        if (spec.cut_rows && row_ends.size() <= open.rows) row_ends.resize(open.rows + size_t{1});
        size_t bytes = encoder->add_row(row);
        if (__builtin_expect(bytes == Encoder::kNotTaken, 0)) return false;
        open.bytes = bytes;
        if (spec.cut_rows) row_ends[open.rows] = bytes;
        open.rows++;
        measure();
        return true;
    }
    void measure() { open.full = open.bytes >= block_size || open.rows >= kMaxBlockRows; }
    Block &take(uint32_t rows, Position); // 0: all
    Block &cut(uint32_t rows);            // not packed
    void pack(Block &raw, Block &packed, Position);
    void submit(Position);
    bool submitted() const { return packer && packer->busy(); }
    Block &place(Position);
    void give(BlockRef *, const size_t **ends);
    void absorb(Bytes, uint32_t rows, const size_t *ends);
    void end(uint32_t file, Ending);

    // Avro readers keep a block's row count in an int; a million rows is plenty for any codec.
    static constexpr uint32_t kMaxBlockRows = 1048576;

    const Spec spec;
    const size_t block_size; // raw bytes that fill a block
    std::unique_ptr<Encoder> encoder;
    std::unique_ptr<Framer> framer;
    std::unique_ptr<Codec> codec; // only for formats whose blocks are wrapped whole
    Wrapping wrapping = {};
    uint64_t edges = 0; // of text formats: bytes of header and footer
    Block packed;
    Block *taken = nullptr;     // the last block taken or collected
    Block *taken_raw = nullptr; // the same, not packed: in case it is to be packed again
    Position packed_for = {};   // where it is thought to stand
    Position submitted_for = {};
    Buffer around;                    // header, rows and footer of a block to be packed
    Block *submitted_block = nullptr; // the encoder's, without its bytes
    std::unique_ptr<Packer> packer; // made for the first block submitted; before what it uses is gone, it is
    Buffer frame;                   // header or footer handed out last
    OpenBlock open = {};
    // What open.bytes was after each row of it; only with spec.cut_rows.
    std::vector<size_t, FromAllocator<size_t>> row_ends{FromAllocator<size_t>(*spec.allocator)};
    Failure failure = {};
    std::vector<std::string> warnings;
    bool warnings_asked = false;
};
} // namespace spout
