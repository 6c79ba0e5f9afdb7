// avro_files.hpp - Avro files made by hand, legal and not, and what the reader says of them.
#pragma once
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/wall.hpp"
#include "format/avro/wire.hpp"

namespace spout::test
{
// "02 0a" as bytes; blanks are skipped.
inline std::string unhex(std::string_view s)
{
    std::string out;
    int high = -1;
    for (char c : s) {
        if (c == ' ') continue;
        int digit = c <= '9' ? c - '0' : c - 'a' + 10;
        if (high >= 0) out += static_cast<char>(high << 4 | digit);
        high = high >= 0 ? -1 : digit;
    }
    return out;
}

inline std::string number(int64_t v)
{
    uint8_t room[avro::kMaxVarint];
    return std::string(reinterpret_cast<char *>(room), static_cast<size_t>(avro::put_long(room, v) - room));
}
inline std::string sized(std::string_view s)
{
    return number(static_cast<int64_t>(s.size())) + std::string(s);
}

const std::string kSync = unhex("000102030405060708090a0b0c0d0e0f");

inline std::string header(const std::vector<std::pair<std::string, std::string>> &entries)
{
    std::string out = "Obj\1";
    if (!entries.empty()) out += number(static_cast<int64_t>(entries.size()));
    for (auto &e : entries)
        out += sized(e.first) + sized(e.second);
    return out + '\0' + kSync;
}
inline std::string header(const std::string &schema, const std::string &codec = "null")
{
    return header({{"avro.schema", schema}, {"avro.codec", codec}});
}
inline std::string block(int64_t rows, std::string_view data) { return number(rows) + sized(data) + kSync; }
// A field of this type in a record.
inline std::string with_field(const std::string &type)
{
    return R"({"type":"record","name":"r","fields":[{"name":"a","type":)" + type + "}]}";
}

// A file in memory that is read in steps of at most `step` bytes; fails once `fail_at` bytes have been read.
struct Memory {
    std::string_view left;
    size_t step = SIZE_MAX, fail_at = SIZE_MAX, done = 0;

    ReadOps ops() { return {read, this}; }
    static int64_t read(void *arg, void *to, size_t n)
    {
        auto *m = static_cast<Memory *>(arg);
        if (m->done >= m->fail_at) return -1;
        n = std::min({n, m->left.size(), m->step, m->fail_at - m->done});
        if (n) memcpy(to, m->left.data(), n);
        m->left.remove_prefix(n);
        m->done += n;
        return static_cast<int64_t>(n);
    }
};

struct Verdict {
    Code code = Code::ok;
    std::string message;
    ReadStats stats = {};
};

inline Verdict read_back(Memory memory, const ReadAs &as = {"avro", "", false, '"', '"', false, 0, nullptr})
{
    ReadOps ops = memory.ops();
    Reader *reader = nullptr;
    Failure why = {};
    Verdict v;
    v.code = reader_open(&ops, &as, &reader, &why);
    for (bool more = true; v.code == Code::ok && more;)
        v.code = reader_next(reader, &more, &why);
    if (v.code != Code::ok) v.message = why.message;
    if (reader) reader_stats(reader, &v.stats);
    reader_free(reader);
    return v;
}
inline Verdict read_back(std::string_view file) { return read_back(Memory{file}); }
} // namespace spout::test
