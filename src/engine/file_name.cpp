// file_name.cpp - names of files: what they tell, and where they would mislead.
#include "engine/file_name.hpp"

#include "engine/guard.hpp"
#include "base/parse.hpp"
#include "engine/wall.hpp"
#include "format/format.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
extern const FormatCodec kTextCodecs[];

namespace
{
bool ends(std::string_view name, std::string_view tail)
{
    return name.size() >= tail.size() && iequals(name.substr(name.size() - tail.size()), tail);
}

// Suffixes that promise what we never write.
constexpr const char *kForeignFormats[] = {".parquet", ".orc", ".arrow", ".feather", ".xlsx"};
constexpr const char *kForeignCodecs[] = {".bz2", ".xz", ".zip", ".Z", ".snappy"};

template <size_t n> const char *one_of(const char *const (&suffixes)[n], std::string_view name)
{
    for (const char *s : suffixes)
        if (s && ends(name, s)) return s;
    return nullptr;
}

std::string_view last_component(std::string_view path)
{
    size_t slash = path.rfind('/');
    return slash == path.npos ? path : path.substr(slash + 1);
}

const FormatCodec *codec_in_use(const Options &o)
{
    for (const FormatCodec *c = o.format->codecs; c->name; c++)
        if (iequals(c->name, o.codec_name)) return c;
    return nullptr;
}

// What a reader that goes by the name would take the file for, and is wrong about; message empty: nothing.
struct Doubt {
    std::string message, hint;
};

std::string ending(const char *suffix) { return "the file's name ends in \"" + std::string(suffix) + "\""; }

Doubt about_codec(const Options &o, const char *suffix, std::string_view whole)
{
    const FormatCodec *used = codec_in_use(o);
    if (o.format->codec_inside)
        return {ending(suffix) + ", but " + o.format->name + " files are compressed block by block inside",
                "Programs that go by the name will try to unpack the whole file. Leave \"" +
                    std::string(suffix) + "\" out."};
    if (used && used->suffix == suffix) return {};
    return {ending(suffix) + ", but the file is " +
                (o.codec ? "compressed with " + std::string(o.codec_name) : "not compressed"),
            "Programs that go by the name will fail to read \"" + std::string(whole) +
                "\". Without the option, compression goes by the name where it ends in .gz, .zst or .lz4."};
}

Doubt about_format(const Options &o, std::string_view name, bool packed)
{
    const char *foreign = one_of(kForeignFormats, name);
    const Format *f = format_by_name(name);
    const char *suffix = foreign ? foreign : f ? one_of(f->suffixes, name) : nullptr;
    if (foreign || (f && f != o.format))
        return {ending(suffix) + ", but its format is " + o.format->name,
                "Programs that go by the name will fail to read it."};
    const FormatCodec *used = codec_in_use(o);
    if (!f || packed || !used || !used->suffix) return {};
    return {ending(suffix) + ", but the file is compressed with " + used->name,
            "Programs that go by the name will take it for plain " + std::string(o.format->name) +
                ". Name it \"" + std::string(name) + used->suffix + "\"."};
}

Doubt about(const Options &o, std::string_view path)
{
    std::string_view name = last_component(path), whole = name;
    const char *foreign = one_of(kForeignCodecs, name);
    const FormatCodec *codec = cut_codec(&name);
    if (foreign) name.remove_suffix(std::string_view(foreign).size());
    if (foreign || codec)
        if (Doubt d = about_codec(o, foreign ? foreign : codec->suffix, whole); !d.message.empty()) return d;
    return about_format(o, name, foreign || codec);
}
} // namespace

const FormatCodec *cut_codec(std::string_view *name)
{
    for (const FormatCodec *c = kTextCodecs; c->name; c++)
        if (c->suffix && ends(*name, c->suffix)) {
            name->remove_suffix(std::string_view(c->suffix).size());
            return c;
        }
    return nullptr;
}

const Format *format_by_name(std::string_view name)
{
    size_t n;
    const Format *const *all = all_formats(&n);
    for (size_t i = 0; i < n; i++)
        if (one_of(all[i]->suffixes, name)) return all[i];
    return nullptr;
}

const char *compression_by_name(const char *format, const char *path) noexcept
{
    const Format *f = find_format(format);
    if (!f || f->codec_inside) return nullptr;
    std::string_view name = last_component(path);
    const FormatCodec *c = cut_codec(&name);
    return c ? c->name : nullptr;
}

bool name_misleads(const Options *o, const char *path, Failure *out) noexcept
try {
    Doubt d = about(*o, path);
    fill(out, Code::ok, d.message.c_str(), d.hint.c_str());
    return !d.message.empty();
} catch (...) {
    caught(out);
    return false;
}
} // namespace spout
