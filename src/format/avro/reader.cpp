// reader.cpp - header, blocks, rows, in the order of the file.
#include "base/crc32.hpp"
#include "format/avro/reader.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "format/format.hpp"

#include "base/no_postgres.hpp"

namespace spout::avro
{
namespace
{
constexpr size_t kChunk = 256 << 10;  // bytes read, and unpacked, in one step
constexpr uint32_t kWork = 256 << 10; // values walked in one step
// Bytes of a header. The schema has a limit of its own, and the writer's `metadata` may be as large.
constexpr size_t kMaxMetadata = (1 << 20) + (64 << 10), kMaxEntries = 10000;
// Readers keep the sizes of a block in an int, packed and unpacked.
constexpr uint64_t kMaxBlock = INT32_MAX;
// A row that takes more than this, as it is written or decoded, is not decoded by Avro C.
constexpr size_t kMostKept = 8 << 20;
constexpr uint64_t kMostDecoded = 64 << 20;
constexpr size_t kKeep = 4 << 20; // a buffer or a decoded row larger than this is given back

[[noreturn]] void corrupt(const std::string &why) { throw Error(Code::corrupt, why); }
} // namespace

bool Source::fill()
{
    buffer_.clear();
    at_ = 0;
    int64_t n = ops_.read(ops_.arg, buffer_.reserve(kChunk), kChunk);
    if (n < 0 || n > static_cast<int64_t>(kChunk)) throw Error(Code::internal, "read failed");
    buffer_.advance(static_cast<size_t>(n));
    bytes_ += static_cast<uint64_t>(n);
    crc32c_ = spout::crc32c(crc32c_, buffer_.data(), buffer_.size());
    return n > 0;
}

uint8_t Source::byte()
{
    if (at_end()) corrupt("file ends too early");
    return buffer_.data()[at_++];
}

int64_t Source::number()
{
    uint64_t z = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t b = byte();
        if (shift == 63 && b > 1) break;
        z |= static_cast<uint64_t>(b & 0x7F) << shift;
        if (!(b & 0x80)) return static_cast<int64_t>(z >> 1 ^ (0 - (z & 1)));
    }
    corrupt("number has more than 64 bits");
}

void Source::take(uint64_t n, Buffer &to)
{
    while (n) {
        if (at_end()) corrupt("file ends too early");
        size_t step = std::min<uint64_t>(n, buffer_.size() - at_);
        to.append(buffer_.data() + at_, step);
        at_ += step;
        n -= step;
    }
}

Bytes Source::some(uint64_t n)
{
    if (at_end()) corrupt("file ends too early");
    return {buffer_.data() + at_, static_cast<size_t>(std::min<uint64_t>(n, buffer_.size() - at_))};
}

// --- header -------------------------------------------------------------------------------------

FileReader::FileReader(const ReadOps &ops, const Allocator &a) : source_(ops, a), raw_(a)
{
    if (source_.at_end()) corrupt("file is empty: an Avro file has a header at least");
    try {
        Metadata metadata = read_header();
        open_schema(metadata);
        open_codec(metadata, a);
    } catch (Error &e) {
        if (e.code == Code::corrupt) e.message = "header: " + e.message;
        throw;
    }
}

FileReader::Metadata FileReader::read_header()
{
    for (char c : {'O', 'b', 'j', '\1'})
        if (source_.byte() != static_cast<uint8_t>(c)) corrupt("this is not an Avro file");
    Metadata metadata;
    size_t left = SchemaLimits().text + kMaxMetadata;
    for (int64_t n; (n = source_.number()) != 0;) {
        if (n < 0) { // the size of this part of the map follows; it is of no use here
            if (n == INT64_MIN || source_.number() < 0) corrupt("number of entries is out of range");
            n = -n;
        }
        for (; n > 0; n--) {
            std::string key = header_string(&left);
            if (!is_utf8(reinterpret_cast<const uint8_t *>(key.data()), key.size()))
                corrupt("a key is not valid UTF-8");
            if (!metadata.emplace(key, header_string(&left)).second)
                corrupt("key \"" + key + "\" is given twice");
            if (metadata.size() > kMaxEntries)
                corrupt("there are more than " + std::to_string(kMaxEntries) + " entries");
        }
    }
    for (uint8_t &b : sync_)
        b = source_.byte();
    return metadata;
}

std::string FileReader::header_string(size_t *left)
{
    int64_t n = source_.number();
    if (n < 0 || static_cast<uint64_t>(n) >= *left) corrupt("an entry is too long");
    *left -= static_cast<size_t>(n) + 1;
    raw_.clear();
    source_.take(static_cast<uint64_t>(n), raw_);
    return std::string(raw_.view());
}

void FileReader::open_schema(const Metadata &metadata)
{
    auto text = metadata.find("avro.schema");
    if (text == metadata.end()) corrupt("there is no schema");
    try {
        schema_ = parse_schema(text->second);
        checker_ = std::make_unique<DatumChecker>(schema_);
        second_ = std::make_unique<AvroC>(schema_);
    } catch (const Error &e) {
        corrupt("schema: " + e.message);
    }
}

void FileReader::open_codec(const Metadata &metadata, const Allocator &a)
{
    auto entry = metadata.find("avro.codec");
    std::string name = entry == metadata.end() ? "null" : entry->second;
    const FormatCodec *c = find_format("avro")->codecs;
    while (c->name && name != c->name)
        c++;
    const CodecDef *def = c->codec ? find_codec(c->codec) : nullptr;
    if (!c->name || (c->codec && !def)) corrupt("the codec is unknown");
    if (def) unpacker_ = def->unpacker(a);
    codec_ = name;
    snappy_ = name == "snappy";
}

// --- blocks -------------------------------------------------------------------------------------

bool FileReader::next()
{
    if (!in_block_ && source_.at_end()) return false;
    try {
        in_block_ ? go_on() : begin_block();
    } catch (Error &e) {
        if (e.code == Code::corrupt || e.code == Code::limit)
            e.message = "block " + std::to_string(blocks_ + 1) + ": " + e.message;
        throw;
    }
    return true;
}

void FileReader::begin_block()
{
    int64_t n = source_.number();
    if (n < 0 || static_cast<uint64_t>(n) > kMaxBlock) corrupt("number of rows is out of range");
    if (n == 0) corrupt("is empty; many readers take that for the end of the file");
    int64_t size = source_.number();
    if (size < 0 || static_cast<uint64_t>(size) > kMaxBlock) corrupt("size is out of range");
    block_rows_ = rows_left_ = static_cast<uint64_t>(n);
    packed_left_ = static_cast<uint64_t>(size);
    if (!unpacker_ && checker_->least() && rows_left_ > packed_left_ / checker_->least())
        corrupt("is too small for its number of rows");
    if (snappy_) {
        if (packed_left_ < sizeof checksum_) corrupt("is too short for a checksum");
        packed_left_ -= sizeof checksum_;
    }
    frames_ = unpacker_ ? unpacker_->frames() : 0;
    block_bytes_ = checksum_ = 0;
    raw_.clear();
    at_ = 0;
    row_kept_ = true;
    checker_->begin_block();
    checker_->begin_row();
    in_block_ = true;
}

// One step: walks what there is, then unpacks more.
void FileReader::go_on()
{
    uint32_t work = kWork;
    while (rows_left_) {
        Bytes left = {raw_.data() + at_, raw_.size() - at_};
        DatumChecker::Progress got = DatumChecker::Progress::more;
        try {
            got = checker_->feed(&left, &work);
            at_ = raw_.size() - left.n;
            if (got == DatumChecker::Progress::done) end_row();
        } catch (Error &e) {
            std::string row = "row " + std::to_string(block_rows_ - rows_left_ + 1);
            if (!e.path.empty()) row += ", field \"" + e.path.substr(e.path[0] == '.') + '"';
            e.message = row + ": " + e.message;
            throw;
        }
        if (got == DatumChecker::Progress::pause) return;
        if (got == DatumChecker::Progress::done) continue;
        if (!refill()) ends_inside_row();
        return;
    }
    if (at_ < raw_.size()) corrupt("has bytes after its last row");
    if (!refill()) end_block();
}

void FileReader::end_row()
{
    if (second_opinion()) second_->decode({raw_.data(), at_});
    if (checker_->decoded() > kKeep) second_->forget();
    raw_.drop_front(at_);
    at_ = 0;
    row_kept_ = true;
    if (--rows_left_) checker_->begin_row();
}

// Rows without bytes are all alike: of those in a block, the first is enough.
bool FileReader::second_opinion() const
{
    const bool again = checker_->size() == 0 && rows_left_ < block_rows_;
    return row_kept_ && !again && checker_->decoded() <= kMostDecoded;
}

void FileReader::ends_inside_row()
{
    if (checker_->size() == 0 && checker_->least()) corrupt("is too small for its number of rows");
    std::string row = "row " + std::to_string(block_rows_ - rows_left_ + 1), path = checker_->path();
    if (!path.empty()) row += ", field \"" + path.substr(path[0] == '.') + '"';
    corrupt(row + ": data ends inside a value");
}

// The next bytes of the block's content; false: there are none. It may also have done no more than read.
bool FileReader::refill()
{
    if (at_ == raw_.size() && (!row_kept_ || at_ == 0 || at_ > kMostKept)) {
        row_kept_ = row_kept_ && at_ == 0;
        raw_.clear();
        raw_.shrink(kKeep);
        at_ = 0;
    }
    const size_t before = raw_.size();
    if (unpacker_) {
        if (!unpack_some()) return false;
    } else {
        if (!packed_left_) return false;
        Bytes some = source_.some(std::min<uint64_t>(packed_left_, kChunk));
        raw_.append(some.p, some.n);
        source_.skip(some.n);
        packed_left_ -= some.n;
    }
    const size_t n = raw_.size() - before;
    if (snappy_) checksum_ = crc32(checksum_, raw_.data() + before, n);
    block_bytes_ += n;
    if (block_bytes_ > kMaxBlock) throw Error(Code::limit, "unpacks to more than 2^31 - 1 bytes");
    return true;
}

// A block is exactly one frame.
bool FileReader::unpack_some()
{
    Bytes in = {nullptr, 0};
    const bool ended = unpacker_->frames() != frames_;
    if (ended && !packed_left_) return false;
    if (packed_left_) in = source_.some(packed_left_);
    const size_t had = in.n;
    size_t n = ended ? 0 : unpacker_->unpack(&in, raw_.reserve(kChunk), kChunk);
    raw_.advance(n);
    source_.skip(had - in.n);
    packed_left_ -= had - in.n;
    const bool more = unpacker_->frames() != frames_ && (packed_left_ || !unpacker_->between_frames());
    const bool stuck = !n && had == in.n && unpacker_->frames() == frames_;
    if (more || stuck || unpacker_->frames() > frames_ + 1) corrupt(codec_ + " data is damaged");
    return true;
}

void FileReader::end_block()
{
    if (snappy_) {
        uint32_t sum = 0;
        for (int i = 0; i < 4; i++)
            sum = sum << 8 | source_.byte();
        if (sum != checksum_) corrupt("checksum is wrong");
    }
    for (uint8_t expected : sync_)
        if (source_.byte() != expected) corrupt("is not followed by the sync marker");
    rows_ += block_rows_;
    raw_bytes_ += block_bytes_;
    blocks_++;
    in_block_ = false;
    raw_.clear();
    raw_.shrink(kKeep);
}

ReadStats FileReader::stats() const
{
    return {rows_, blocks_, source_.bytes(), raw_bytes_, source_.crc32c()};
}
} // namespace spout::avro
