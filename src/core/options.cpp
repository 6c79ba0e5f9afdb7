// options.cpp - the options every format has, and the walk over what the user wrote.
// A format's own options are in its Format::options table.
#include "core/guard.hpp"
#include "core/parse.hpp"
#include "core/wall.hpp"
#include "format/format.hpp"

#include "core/no_postgres.hpp"

namespace spout
{
namespace
{
[[noreturn]] void invalid(const RawOption &o, const char *hint)
{
    throw Error(Code::bad_value,
                "invalid value for option \"" + std::string(o.name) + "\": \"" + (o.value ? o.value : "") +
                    "\"",
                hint);
}

bool as_bool(const RawOption &o)
{
    bool b = true; // as in COPY, (sync) means (sync true)
    if (o.value && !parse_bool(o.value, &b)) invalid(o, "Use on or off.");
    return b;
}

void set_compression(Options &o, const RawOption &raw)
{
    std::string names;
    std::string_view value = raw.value ? raw.value : "";
    bool none = iequals(value, "none") || iequals(value, "null") || iequals(value, "uncompressed");
    for (const FormatCodec *c = o.format->codecs; c->name; c++) {
        if (none ? c->codec == nullptr : iequals(value, c->name)) {
            o.codec_name = c->name;
            o.codec = c->codec ? find_codec(c->codec) : nullptr;
            if (c->codec && !o.codec)
                throw Error(Code::unsupported, "this build has no codec \"" + std::string(c->name) + "\"");
            return;
        }
        names += (names.empty() ? "" : ", ") + std::string(c->name);
    }
    invalid(raw, ("Codecs of format " + std::string(o.format->name) + ": " + names + ".").c_str());
}

// Checked against the codec's range at the end, when the codec is known.
constexpr int kNoLevel = INT32_MIN;

void set_level(Options &o, const RawOption &raw)
{
    const char *v = raw.value ? raw.value : "";
    bool minus = *v == '-';
    uint64_t n;
    if (!parse_u64(v + minus, &n) || n > 1000) invalid(raw, "The compression level is a small integer.");
    o.level = minus ? -static_cast<int>(n) : static_cast<int>(n);
}

void set_max_rows(Options &o, const RawOption &raw)
{
    if (!raw.value || !parse_u64(raw.value, &o.max_rows_per_file) || o.max_rows_per_file > INT64_MAX)
        invalid(raw, "Use a number of rows, or 0 for one file.");
}

void set_max_bytes(Options &o, const RawOption &raw)
{
    if (!raw.value || !parse_size(raw.value, &o.max_bytes_per_file) || o.max_bytes_per_file > INT64_MAX)
        invalid(raw, "Use a number of bytes such as 67108864 or '64MB', or 0 for one file.");
}

void set_if_exists(Options &o, const RawOption &raw)
{
    o.fail_if_exists = raw.value && iequals(raw.value, "error");
    if (!o.fail_if_exists && !(raw.value && iequals(raw.value, "replace")))
        invalid(raw, "Use replace or error.");
}

void set_parallel(Options &o, const RawOption &raw)
{
    if (raw.value && iequals(raw.value, "auto"))
        o.parallel = kParallelAuto;
    else if (raw.value && iequals(raw.value, "off"))
        o.parallel = 0;
    else if (uint64_t n; raw.value && parse_u64(raw.value, &n) && n <= kMaxParallel)
        o.parallel = static_cast<int>(n);
    else
        invalid(raw, "Use auto, off, or a number of workers up to 1024.");
}

constexpr OptionDef kCommon[] = {
    {"compression", set_compression},
    {"compression_level", set_level},
    {"max_rows_per_file", set_max_rows},
    {"max_bytes_per_file", set_max_bytes},
    {"if_exists", set_if_exists},
    {"sync", [](Options &o, const RawOption &raw) { o.sync = as_bool(raw); }},
    {"manifest", [](Options &o, const RawOption &raw) { o.manifest = as_bool(raw); }},
    {"parallel", set_parallel},
    {nullptr, nullptr},
};

const OptionDef *find(const OptionDef *table, std::string_view name)
{
    for (; table->name; table++)
        if (iequals(table->name, name)) return table;
    return nullptr;
}

std::string list_options(const Format &f)
{
    std::string all;
    for (const OptionDef *t : {kCommon, f.options})
        for (; t->name; t++)
            all += (all.empty() ? "" : ", ") + std::string(t->name);
    return "Options of format " + std::string(f.name) + ": " + all + ".";
}

void apply(Options &o, const RawOption &raw)
{
    const OptionDef *def = find(kCommon, raw.name);
    if (!def) def = find(o.format->options, raw.name);
    if (!def)
        throw Error(Code::bad_value,
                    "option \"" + std::string(raw.name) + "\" is not recognized for format " + o.format->name,
                    list_options(*o.format));
    if (def->set) def->set(o, raw); // else the server checks it
}

void resolve_codec(Options &o)
{
    if (!o.codec_name) {
        o.codec_name = o.format->codecs->name;
        o.codec = o.format->codecs->codec ? find_codec(o.format->codecs->codec) : nullptr;
    }
    bool levels = o.codec && o.codec->has_levels();
    if (o.level == kNoLevel) {
        o.level = levels ? o.codec->level_default : 0;
        return;
    }
    if (!levels)
        throw Error(Code::bad_value, "codec " + std::string(o.codec_name) + " has no compression levels",
                    "Leave out compression_level.");
    if (o.level < o.codec->level_min || o.level > o.codec->level_max)
        throw Error(
            Code::bad_value,
            "compression_level " + std::to_string(o.level) + " is out of range for codec " + o.codec_name,
            "The levels of " + std::string(o.codec_name) + " are " + std::to_string(o.codec->level_min) +
                " to " + std::to_string(o.codec->level_max) + ".");
}

Options parse(const Format &f, const RawOption *raw, uint32_t n)
{
    Options o = {};
    o.format = &f;
    o.level = kNoLevel;
    o.sync = true;
    o.parallel = kParallelAuto;
    for (uint32_t i = 0; i < n; i++) {
        try {
            for (uint32_t j = 0; j < i; j++)
                if (iequals(raw[i].name, raw[j].name))
                    throw Error(Code::bad_value,
                                "option \"" + std::string(raw[i].name) + "\" is given twice");
            apply(o, raw[i]);
        } catch (Error &e) {
            e.option = static_cast<int32_t>(i);
            throw;
        }
    }
    resolve_codec(o);
    if (!o.block_size) o.block_size = f.block_size(o);
    f.check(o);
    return o;
}
} // namespace

void set_nulls(Options &o, const RawOption &raw)
{
    o.omit_nulls = raw.value && iequals(raw.value, "omit");
    if (!o.omit_nulls && !(raw.value && iequals(raw.value, "keep"))) invalid(raw, "Use keep or omit.");
}

bool option_is_ours(const char *format, const char *name) noexcept
{
    const Format *f = find_format(format);
    const OptionDef *def = f ? find(kCommon, name) : nullptr;
    if (f && !def) def = find(f->options, name);
    return def && def->set;
}

bool format_known(const char *name) noexcept { return find_format(name) != nullptr; }
const char *format_name(const Options *o) noexcept { return o->format->name; }
Style format_style(const Options *o) noexcept { return o->format->style; }
bool format_is_text(const Options *o) noexcept { return !o->format->codec_inside; }
bool blocks_commute(const Options *o) noexcept { return o->format->blocks_commute; }

bool options_relink(const char *format, const char *codec_name, Options *o) noexcept
{
    o->format = find_format(format);
    if (!o->format) return false;
    for (const FormatCodec *c = o->format->codecs; c->name; c++)
        if (iequals(c->name, codec_name)) {
            o->codec_name = c->name;
            o->codec = c->codec ? find_codec(c->codec) : nullptr;
            return !c->codec || o->codec;
        }
    return false;
}

Code options_parse(const char *format, const RawOption *raw, uint32_t n, Options *out, Failure *why) noexcept
try {
    const Format *f = find_format(format);
    if (!f) throw Error(Code::bad_value, "format \"" + std::string(format) + "\" is not recognized");
    *out = parse(*f, raw, n);
    return Code::ok;
} catch (...) {
    return caught(why);
}
} // namespace spout
