// options.cpp - the options every format has, and the walk over what the user wrote.
// A format's own options are in its Format::options table.
#include <cstring>

#include "engine/guard.hpp"
#include "base/parse.hpp"
#include "engine/wall.hpp"
#include "format/format.hpp"

#include "base/no_postgres.hpp"

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

// Avro's specification has the long name, everybody else the short one: users need not know which.
bool is_codec(std::string_view value, std::string_view name)
{
    auto zstd = [](std::string_view s) { return iequals(s, "zstd") || iequals(s, "zstandard"); };
    return iequals(value, name) || (zstd(value) && zstd(name));
}

void set_compression(Options &o, const RawOption &raw)
{
    std::string names;
    std::string_view value = raw.value ? raw.value : "";
    bool none = iequals(value, "none") || iequals(value, "null") || iequals(value, "uncompressed");
    for (const FormatCodec *c = o.format->codecs; c->name; c++) {
        if (none ? c->codec == nullptr : is_codec(value, c->name)) {
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
        invalid(
            raw,
            "Use a number of bytes such as 67108864, a size such as '64MB' or '1.5GB', or 0 for one file.");
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

// As chmod takes it, less the bits that give somebody else's rights to whoever runs a file.
void set_file_mode(Options &o, const RawOption &raw)
{
    std::string_view digits = raw.value ? raw.value : "";
    uint32_t mode = 0;
    bool valid = digits.size() == 3 || (digits.size() == 4 && digits[0] == '0');
    for (char c : digits) {
        valid = valid && c >= '0' && c <= '7';
        mode = mode * 8 + static_cast<uint32_t>(c - '0');
    }
    if (!valid)
        invalid(
            raw,
            "Use three octal digits, for owner, group and others, such as 0640: each is a sum of 4 (read), "
            "2 (write) and 1 (execute).");
    o.file_mode = static_cast<int>(mode);
}

void set_file_group(Options &o, const RawOption &raw)
{
    if (!raw.value || !*raw.value)
        invalid(raw, "Use the name or the number of a group of the server's host.");
    o.file_group = raw.value;
}

constexpr OptionDef kCommon[] = {
    {"compression", set_compression},
    {"compression_level", set_level},
    {"max_rows_per_file", set_max_rows, true},
    {"max_bytes_per_file", set_max_bytes, true},
    {"if_exists", set_if_exists, true},
    {"sync", [](Options &o, const RawOption &raw) { o.sync = as_bool(raw); }, true},
    {"manifest", [](Options &o, const RawOption &raw) { o.manifest = as_bool(raw); }, true},
    {"file_mode", set_file_mode, true},
    {"file_group", set_file_group, true},
    {"parallel", set_parallel},
    {nullptr, nullptr},
};

const OptionDef *find(const OptionDef *table, std::string_view name)
{
    for (; table->name; table++)
        if (iequals(table->name, name)) return table;
    return nullptr;
}

// "a, b, c"
void add(std::string &list, const char *name) { list += (list.empty() ? "" : ", ") + std::string(name); }

std::string list_options(const Format &f)
{
    std::string all;
    for (const OptionDef *t : {kCommon, f.options})
        for (; t->name; t++)
            add(all, t->name);
    return "Options of format " + std::string(f.name) + ": " + all + ".";
}

// Formats that have this option; empty: it is nobody's.
std::string formats_with(std::string_view option)
{
    std::string names;
    size_t n;
    const Format *const *all = all_formats(&n);
    for (size_t i = 0; i < n; i++)
        if (find(all[i]->options, option)) add(names, all[i]->name);
    return names;
}

[[noreturn]] void unknown(const Format &f, const char *option)
{
    std::string others = formats_with(option);
    throw Error(Code::unknown_name,
                "option \"" + std::string(option) + "\" is not recognized for format " + f.name,
                (others.empty() ? "" : "It is an option of " + others + ". ") + list_options(f));
}

void apply(Options &o, const RawOption &raw)
{
    const OptionDef *def = find(kCommon, raw.name);
    if (!def) def = find(o.format->options, raw.name);
    if (!def) unknown(*o.format, raw.name);
    if (def->set) def->set(o, raw); // else the server checks it
}

std::string codecs_with_levels(const Format &f)
{
    std::string names;
    for (const FormatCodec *c = f.codecs; c->name; c++)
        if (const CodecDef *def = c->codec ? find_codec(c->codec) : nullptr; def && def->has_levels())
            add(names, c->name);
    return names;
}

void resolve_level(Options &o, bool codec_given)
{
    bool levels = o.codec && o.codec->has_levels();
    if (o.level == kNoLevel) {
        o.level = levels ? o.codec->level_default : 0;
        return;
    }
    if (!levels)
        throw Error(Code::bad_value,
                    codec_given ? "codec " + std::string(o.codec_name) + " has no compression levels"
                                : "compression_level is given without compression, and the default codec, " +
                                      std::string(o.codec_name) + ", has no levels",
                    "Codecs with levels: " + codecs_with_levels(*o.format) + ".");
    if (o.level < o.codec->level_min || o.level > o.codec->level_max)
        throw Error(
            Code::bad_value,
            "compression_level " + std::to_string(o.level) + " is out of range for codec " + o.codec_name,
            "The levels of " + std::string(o.codec_name) + " are " + std::to_string(o.codec->level_min) +
                " to " + std::to_string(o.codec->level_max) + ".");
}

void resolve_codec(Options &o)
{
    bool given = o.codec_name;
    if (!given) {
        o.codec_name = o.format->codecs->name;
        o.codec = o.format->codecs->codec ? find_codec(o.format->codecs->codec) : nullptr;
    }
    resolve_level(o, given);
}

Options parse(const Format &f, const RawOption *raw, uint32_t n)
{
    Options o = {};
    o.format = &f;
    o.level = kNoLevel;
    o.sync = true;
    o.parallel = kParallelAuto;
    o.file_mode = kFileModeDefault;
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

std::string hint_of_path(const char *value, const char *option)
{
    std::string_view v = value ? value : "";
    size_t start = v.find_first_not_of(" \t\r\n");
    if (start == v.npos || strchr("{[\"", v[start])) return {};
    if (v[start] != '/' && v[start] != '.' && v[start] != '~' && v.find('.') == v.npos) return {};
    return "The text itself is expected, not the path of a file that holds it. In psql: \\set text `cat "
           "file`, then " +
           std::string(option) + " :'text'; in a function call: pg_read_file(...).";
}

bool size_parse(const char *text, uint64_t *bytes) noexcept { return parse_size(text, bytes); }

bool option_is_ours(const char *format, const char *name) noexcept
{
    const Format *f = find_format(format);
    const OptionDef *def = f ? find(kCommon, name) : nullptr;
    if (f && !def) def = find(f->options, name);
    return def && def->set;
}

bool option_is_known(const char *name) noexcept
{
    size_t n;
    const Format *const *all = all_formats(&n);
    if (find(kCommon, name)) return true;
    for (size_t i = 0; i < n; i++)
        if (const OptionDef *def = find(all[i]->options, name); def && def->set) return true;
    return false;
}

bool option_is_of_files(const char *name) noexcept
{
    const OptionDef *def = find(kCommon, name);
    return def && def->of_files;
}

const char *option_at(const char *format, uint32_t i) noexcept
{
    const Format *f = find_format(format);
    if (!f) return nullptr;
    for (const OptionDef *t : {kCommon, f->options})
        for (; t->name; t++)
            if (i-- == 0) return t->name;
    return nullptr;
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
    if (!f) {
        std::string names;
        for (uint32_t i = 0; const char *name = format_at(i); i++)
            add(names, name);
        throw Error(Code::unknown_name, "format \"" + std::string(format) + "\" is not recognized",
                    "Formats: " + names + ".");
    }
    *out = parse(*f, raw, n);
    return Code::ok;
} catch (...) {
    return caught(why);
}
} // namespace spout
