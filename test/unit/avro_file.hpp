// avro_file.hpp - Avro files put together by hand, and what our reader says about them. Shares no code with
// the encoder, so that a mistake there cannot hide here.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "codec/codec.hpp"
#include "core/crc32.hpp"
#include "core/wall.hpp"

namespace spout::test
{
inline std::string varint(int64_t v)
{
    std::string out;
    auto z = static_cast<uint64_t>(v) << 1 ^ static_cast<uint64_t>(v >> 63);
    for (; z >= 0x80; z >>= 7)
        out += static_cast<char>(z | 0x80);
    return out + static_cast<char>(z);
}
inline std::string counted(const std::string &s) { return varint(static_cast<int64_t>(s.size())) + s; }

const std::string kMarker = "0123456789abcdef";
using Metadata = std::vector<std::pair<std::string, std::string>>;

inline std::string header_of(const Metadata &entries)
{
    std::string out = std::string("Obj\1", 4) + varint(static_cast<int64_t>(entries.size()));
    for (auto &[key, value] : entries)
        out += counted(key) + counted(value);
    return out + (entries.empty() ? "" : std::string(1, '\0')) + kMarker;
}
inline std::string header(const std::string &schema, const std::string &codec = "null")
{
    return header_of({{"avro.schema", schema}, {"avro.codec", codec}});
}
inline std::string record_of(const std::string &type)
{
    return R"({"type":"record","name":"r","fields":[{"name":"a","type":)" + type + "}]}";
}

// `codec` as Avro calls it.
inline std::string packed(const std::string &raw, const std::string &codec)
{
    if (codec == "null") return raw;
    const CodecDef *def = find_codec(codec == "zstandard" ? "zstd" : codec);
    Buffer out;
    def->make(def->level_default)->compress({reinterpret_cast<const uint8_t *>(raw.data()), raw.size()}, out);
    std::string data(out.view());
    if (codec == "snappy") {
        uint32_t sum = crc32(0, raw.data(), raw.size());
        for (int shift = 24; shift >= 0; shift -= 8)
            data += static_cast<char>(sum >> shift);
    }
    return data;
}
inline std::string block(int64_t rows, const std::string &raw, const std::string &codec = "null")
{
    return varint(rows) + counted(packed(raw, codec)) + kMarker;
}

// A file in memory, handed out at most `step` bytes at a time; `fail_at`: the read that reaches it fails.
struct MemoryFile {
    std::string bytes;
    size_t step = SIZE_MAX, fail_at = SIZE_MAX, at = 0;

    static int64_t read(void *arg, void *to, size_t n)
    {
        auto *f = static_cast<MemoryFile *>(arg);
        if (n > f->step) n = f->step;
        if (n > f->bytes.size() - f->at) n = f->bytes.size() - f->at;
        if (f->at + n > f->fail_at) return -1;
        f->bytes.copy(static_cast<char *>(to), n, f->at);
        f->at += n;
        return static_cast<int64_t>(n);
    }
    ReadOps ops() { return {read, this}; }
};

struct ReadResult {
    Code code = Code::ok;
    std::string message; // of the failure
    ReadStats stats = {};
};
inline ReadResult read_back(MemoryFile file)
{
    ReadResult r;
    Failure why = {};
    Reader *reader = nullptr;
    ReadOps ops = file.ops();
    r.code = reader_open(&ops, &reader, &why);
    for (bool more = true; more && r.code == Code::ok;)
        r.code = reader_next(reader, &more, &why);
    if (r.code != Code::ok) r.message = why.message;
    if (reader) reader_stats(reader, &r.stats);
    reader_free(reader);
    return r;
}
inline ReadResult read_back(std::string bytes) { return read_back(MemoryFile{std::move(bytes)}); }
} // namespace spout::test
