// xml_fuzz.cpp - any text as json, xml, text or a name: a document that is well-formed, or an error of its
// kind. The first byte chooses the type. The server gives valid UTF-8 only, so other input is passed over.
#include <cstdlib>
#include <string>

#include "base/utf8.hpp"
#include "engine/wall.hpp"
#include "format/xml/markup.hpp"

using namespace spout;

namespace
{
void require(bool ok)
{
    if (!ok) __builtin_trap();
}

const Allocator kHeap = {[](void *, size_t n) { return malloc(n); }, [](void *, void *p) { free(p); },
                         nullptr};

// The row of one value, empty when it was refused with a code that fits.
std::string row_of(Kind kind, const char *name, const Text &value)
{
    Type type = {};
    type.kind = kind;
    type.repr = Repr::text;
    type.sql_name = "text";
    const Field field = {name, &type};
    Spec spec = {};
    spec.row = {nullptr, nullptr, &field, 1};
    spec.allocator = &kHeap;
    Failure why;
    Writer *w = nullptr;
    require(options_parse("xml", nullptr, 0, &spec.options, &why) == Code::ok);
    require(writer_open(&spec, &w, &why) == Code::ok);
    Cell cell = {};
    cell.s = value;
    std::string row;
    Code code = writer_add(w, &cell, 1);
    if (code == Code::ok) {
        BlockRef b;
        require(writer_take(w, 0, &b) == Code::ok);
        row.assign(reinterpret_cast<const char *>(b.bytes.p), b.bytes.n);
    } else {
        bool json = kind == Kind::json && (code == Code::bad_value || code == Code::limit);
        require(code == Code::bad_text || json);
    }
    writer_free(w);
    return row;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0 || !is_utf8(data + 1, n - 1)) return 0;
    static constexpr Kind kKinds[] = {Kind::json, Kind::xml, Kind::text};
    Text value = {reinterpret_cast<const char *>(data + 1), static_cast<uint32_t>(n - 1)};
    std::string name(value.p, value.n);
    bool as_name = data[0] % 4 == 3;
    std::string row =
        as_name ? row_of(Kind::text, name.c_str(), {"v", 1}) : row_of(kKinds[data[0] % 4], "a", value);
    if (row.empty()) return 0;
    require(xml::is_content("<r xmlns:xsi=\"u\">" + row + "</r>", 2000));
    return 0;
}
