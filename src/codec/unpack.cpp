// unpack.cpp - which codec packed a text file.
#include "codec/unpack.hpp"

#include <cstring>

#include "codec/codec.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
std::unique_ptr<Unpacker> make_unpacker(Bytes head, const Allocator &a)
{
    static constexpr struct {
        std::string_view magic;
        const char *codec;
    } kMagic[] = {{"\x1f\x8b", "gzip"}, {"\x28\xb5\x2f\xfd", "zstd"}, {"\x04\x22\x4d\x18", "lz4"}};
    for (auto &m : kMagic)
        if (head.n >= m.magic.size() && memcmp(head.p, m.magic.data(), m.magic.size()) == 0)
            return find_codec(m.codec)->unpacker(a);
    return nullptr;
}
} // namespace spout
