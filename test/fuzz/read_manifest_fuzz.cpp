// read_manifest_fuzz.cpp - whatever the bytes are, the manifest's parser ends with a list of files or with a
// reason, the same in pieces of any size; and what it takes for JSON, another parser does, too.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/manifest_scan.hpp"

using namespace spout;

namespace
{
struct Outcome {
    std::string problem, names;
    uint64_t files;
    bool operator==(const Outcome &o) const
    {
        return problem == o.problem && names == o.names && files == o.files;
    }
};

Outcome scan(const std::string &text, size_t step)
{
    ManifestScan m;
    Outcome out = {};
    manifest_begin(&m);
    ManifestStep s = ManifestStep::more;
    for (size_t at = 0; at < text.size() && s != ManifestStep::bad;) {
        const char *p = text.data() + at, *end = p + std::min(step, text.size() - at);
        at += static_cast<size_t>(end - p);
        while ((s = manifest_feed(&m, &p, end)) == ManifestStep::file)
            out.names += m.file.name + std::string(1, '\n');
        if (s == ManifestStep::more && p != end) abort();
    }
    if (s != ManifestStep::bad) s = manifest_end(&m);
    if ((s == ManifestStep::bad) != (m.problem != nullptr)) abort();
    out.problem = m.problem ? m.problem : "";
    out.files = m.files;
    return out;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (!n) return 0;
    // Bytes alone rarely get to a file.
    const char *before = p[0] & 1 ? R"({"pg_spout_manifest":1,"format":"csv","files":[)" : "";
    const char *behind = p[0] & 2 ? R"({"name":"a","rows":1,"bytes":2,"crc32c":"00000000"}]})" : "";
    std::string text = before + std::string(reinterpret_cast<const char *>(p) + 1, n - 1) + behind;
    Outcome whole = scan(text, SIZE_MAX);
    if (!(scan(text, 1) == whole) || !(scan(text, p[0] / 4 + 2) == whole)) abort();
    // Ours does not look at texts that nobody reads: that they are UTF-8 is what the other asks as well.
    std::string ascii = text;
    for (char &c : ascii)
        if (c & 0x80) c = '?';
    bool json = nlohmann::json::accept(ascii) && ascii.find('\0') == ascii.npos;
    Outcome plain = scan(ascii, SIZE_MAX);
    if (plain.problem.empty() && !json) abort();
    if (plain.problem == "is not valid JSON" && json) abort();
    return 0;
}
