// avro_reader.cpp - header, blocks, rows, in the order of the file.
#include "format/avro_reader.hpp"

#include <algorithm>
#include <cstring>

#include "core/error.hpp"
#include "core/utf8.hpp"
#include "format/format.hpp"

#include "core/no_postgres.hpp"

namespace spout::avro
{
namespace
{
constexpr size_t kChunk = 256 << 10; // bytes asked for in one read
// Bytes of a header. The schema has a limit of its own, and the writer's `metadata` may be as large.
constexpr size_t kMaxMetadata = (1 << 20) + (64 << 10);
// Readers keep the sizes of a block in an int, packed and unpacked (safety, 4.9).
constexpr int64_t kMaxBlock = INT32_MAX;
// Unpacked, blocks are smaller, unless one row is not: so far a block is unpacked before anything is known
// about it. Our own are cut at 64 MB.
constexpr size_t kUsualBlock = 128 << 20;
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

// --- header -------------------------------------------------------------------------------------

FileReader::FileReader(const ReadOps &ops, const Allocator &a) : source_(ops, a), packed_(a), raw_(a)
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
        }
    }
    packed_.clear();
    source_.take(kSync, packed_);
    memcpy(sync_, packed_.data(), kSync);
    return metadata;
}

std::string FileReader::header_string(size_t *left)
{
    int64_t n = source_.number();
    if (n < 0 || static_cast<uint64_t>(n) >= *left) corrupt("an entry is too long");
    *left -= static_cast<size_t>(n) + 1;
    packed_.clear();
    source_.take(static_cast<uint64_t>(n), packed_);
    return std::string(packed_.view());
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
    if (def) codec_ = def->make(def->level_default, a);
    snappy_ = name == "snappy";
}

// --- blocks -------------------------------------------------------------------------------------

bool FileReader::next()
{
    if (source_.at_end()) return false;
    try {
        block();
    } catch (Error &e) {
        if (e.code == Code::corrupt || e.code == Code::limit)
            e.message = "block " + std::to_string(blocks_ + 1) + ": " + e.message;
        throw;
    }
    blocks_++;
    return true;
}

void FileReader::block()
{
    int64_t n = source_.number();
    if (n < 0 || n > kMaxBlock) corrupt("number of rows is out of range");
    if (n == 0) corrupt("is empty; many readers take that for the end of the file");
    int64_t size = source_.number();
    if (size < 0 || size > kMaxBlock) corrupt("size is out of range");
    packed_.clear();
    source_.take(static_cast<uint64_t>(size), packed_);
    for (uint8_t expected : sync_)
        if (source_.byte() != expected) corrupt("is not followed by the sync marker");
    rows(unpack(static_cast<uint64_t>(n)), static_cast<uint64_t>(n));
    packed_.shrink(kKeep);
    raw_.shrink(kKeep);
}

Bytes FileReader::unpack(uint64_t n)
{
    if (!codec_) return packed_.bytes();
    Bytes in = packed_.bytes();
    uint32_t sum = 0;
    if (snappy_) {
        if (in.n < sizeof sum) corrupt("is too short for a checksum");
        in.n -= sizeof sum;
        memcpy(&sum, in.p + in.n, sizeof sum);
    }
    raw_.clear();
    try {
        codec_->decompress(in, kUsualBlock, raw_);
    } catch (const Error &e) {
        if (e.code != Code::limit) throw;
        refuse_bomb(n);
        raw_.clear();
        codec_->decompress(in, kMaxBlock, raw_);
    }
    if (snappy_ && crc32(0, raw_.data(), raw_.size()) != __builtin_bswap32(sum)) corrupt("checksum is wrong");
    packed_.shrink(kKeep); // rows may need the memory
    return raw_.bytes();
}

// A small file can unpack to anything. What came out so far must be rows, and one of them a large one.
// Codecs that expand little may have left nothing to look at.
void FileReader::refuse_bomb(uint64_t n)
{
    Bytes seen = raw_.bytes();
    if (!seen.n) return;
    checker_->begin(seen.n);
    while (n--) {
        if (raw_.size() - seen.n > kUsualBlock / 2)
            throw Error(Code::limit, "unpacks to more than 128 MB, and not because of one large row");
        size_t used = 0;
        try {
            used = checker_->row(seen);
        } catch (const Error &) {
            if (checker_->ended()) return;
            throw;
        }
        seen.p += used;
        seen.n -= used;
    }
    corrupt("has bytes after its last row");
}

void FileReader::rows(Bytes raw, uint64_t n)
{
    const size_t size = raw.n;
    if (checker_->least() && n > size / checker_->least()) corrupt("is too small for its number of rows");
    checker_->begin(size);
    uint64_t row = 1;
    try {
        for (; row <= n; row++) {
            size_t used = checker_->row(raw);
            second_->decode({raw.p, used});
            if (checker_->decoded() > kKeep) second_->forget();
            raw.p += used;
            raw.n -= used;
        }
    } catch (Error &e) {
        std::string at = "row " + std::to_string(row);
        if (!e.path.empty()) at += ", field \"" + e.path.substr(e.path[0] == '.') + '"';
        e.message = at + ": " + e.message;
        throw;
    }
    if (raw.n) corrupt("has " + std::to_string(raw.n) + " bytes after its last row");
    rows_ += n;
    raw_bytes_ += size;
}

ReadStats FileReader::stats() const
{
    return {rows_, blocks_, source_.bytes(), raw_bytes_, source_.crc32c()};
}
} // namespace spout::avro
