// options.cpp - parses and checks Avro's options. Values arrive as UTF-8 text.
#include "format/avro/options.hpp"

#include <cstring>

#include "base/parse.hpp"
#include "format/avro/names.hpp"
#include "format/avro/schema.hpp"
#include "format/dimensions.hpp"
#include "format/text/json_tree.hpp"

#include "base/no_postgres.hpp"

namespace spout::avro
{
namespace
{
constexpr uint64_t kMinBlock = 1024, kMaxBlock = 64 << 20; // raw bytes
// Readers take a header into memory at once.
constexpr size_t kMaxMetadata = 1 << 20;

const char *text(const RawOption &o) { return o.value ? o.value : ""; }

[[noreturn]] void invalid(const RawOption &o, const std::string &hint)
{
    throw Error(Code::bad_value,
                "invalid value for option \"" + std::string(o.name) + "\": \"" + text(o) + "\"", hint);
}

// The index of the value in a list of words.
template <size_t n> size_t word(const RawOption &o, const char *const (&words)[n])
{
    std::string all;
    for (size_t i = 0; i < n; i++) {
        if (iequals(text(o), words[i])) return i;
        all += (i == 0 ? "" : i + 1 < n ? ", " : " or ") + std::string(words[i]);
    }
    invalid(o, "Use " + all + ".");
}

void set_block_size(Options &o, const RawOption &raw)
{
    uint64_t n;
    if (!parse_size(text(raw), &n) || n < kMinBlock || n > kMaxBlock)
        invalid(raw, "Use a size from 1kB to 64MB.");
    o.block_size = n;
}

void set_record_name(Options &o, const RawOption &raw)
{
    if (!is_name(text(raw)) || NameSet().take(text(raw)) != text(raw))
        invalid(
            raw,
            "An Avro name has letters, digits and _, begins with no digit, and is no type of Avro's own.");
    o.record_name = raw.value;
}

void set_namespace(Options &o, const RawOption &raw)
{
    if (!raw.value || !is_namespace(raw.value))
        invalid(raw, "An Avro namespace is one or more names joined by dots.");
    o.name_space = raw.value;
}

void set_schema(Options &o, const RawOption &raw)
{
    try {
        parse_schema(text(raw));
    } catch (Error &e) {
        e.message = "invalid Avro schema: " + e.message;
        if (std::string hint = hint_of_path(raw.value, "schema"); !hint.empty()) e.hint = hint;
        throw;
    }
    o.schema = raw.value;
}

void set_metadata(Options &o, const RawOption &raw)
{
    try {
        parse_metadata(text(raw));
    } catch (Error &e) {
        if (std::string hint = hint_of_path(raw.value, "metadata"); !hint.empty()) e.hint = hint;
        throw;
    }
    o.metadata = raw.value;
}

void set_array_dimensions(Options &o, const RawOption &raw)
{
    parse_dimensions(text(raw));
    o.array_dimensions = raw.value;
}

void set_required(Options &o, const RawOption &raw)
{
    static constexpr const char *kWords[] = {"off", "auto"};
    o.required = word(raw, kWords) == 1;
}

void set_sync_marker(Options &o, const RawOption &raw)
{
    if (!parse_hex(text(raw), 2 * sizeof o.sync_marker, o.sync_marker))
        invalid(raw, "Use 32 hexadecimal digits.");
    o.has_sync_marker = true;
}

void set_profile(Options &o, const RawOption &raw)
{
    static constexpr const char *kWords[] = {"spec", "iceberg", "bigquery", "hive", "kafka_connect"};
    o.profile = static_cast<Profile>(word(raw, kWords));
}

void set_on_infinity(Options &o, const RawOption &raw)
{
    static constexpr const char *kWords[] = {"error", "null", "clamp"};
    o.on_infinity = static_cast<OnInfinity>(word(raw, kWords));
}

void set_on_nan(Options &o, const RawOption &raw)
{
    static constexpr const char *kWords[] = {"error", "null", "string"};
    o.on_nan = static_cast<OnNan>(word(raw, kWords));
}

void set_layout(Options &, const RawOption &raw)
{
    if (!iequals(text(raw), "rows")) invalid(raw, "The layout is rows: one record per row.");
}

[[noreturn]] void bad_metadata(const char *why)
{
    throw Error(Code::bad_value, "invalid value for option \"metadata\": " + std::string(why),
                "Use a JSON object of strings, such as {\"owner\": \"sales\"}.");
}
} // namespace

const OptionDef kOptions[] = {
    {"block_size", set_block_size},
    {"record_name", set_record_name},
    {"namespace", set_namespace},
    {"schema", set_schema},
    {"metadata", set_metadata},
    {"array_dimensions", set_array_dimensions},
    {"required", set_required},
    {"sync_marker", set_sync_marker},
    {"profile", set_profile},
    {"on_infinity", set_on_infinity},
    {"on_nan", set_on_nan},
    {"layout", set_layout},
    {nullptr, nullptr},
};

size_t default_block_size(const Options &o)
{
    // Codecs with a window gain from larger blocks; without one, what fits the second-level cache is fastest.
    bool small = !o.codec || iequals(o.codec_name, "snappy");
    return small ? 64 << 10 : 256 << 10;
}

void check_options(const Options &o)
{
    if (!o.schema) return;
    const char *other = o.record_name                ? "record_name"
                        : o.name_space               ? "namespace"
                        : o.profile != Profile::spec ? "profile"
                        : o.array_dimensions         ? "array_dimensions"
                        : o.required                 ? "required"
                        : o.on_nan == OnNan::string  ? "on_nan 'string'"
                                                     : nullptr;
    if (other)
        throw Error(Code::bad_value, "options schema and " + std::string(other) + " cannot be used together",
                    "A schema says all of it.");
}

std::map<std::string, std::string> parse_metadata(const char *text)
{
    std::map<std::string, std::string> entries;
    if (!text) return entries;
    if (strlen(text) > kMaxMetadata) bad_metadata("longer than 1 MB");
    json::Value root;
    try {
        root = json::parse(text);
    } catch (const Error &) {
        bad_metadata("not valid JSON");
    }
    if (root.tag != json::Tag::object) bad_metadata("not an object of strings");
    for (size_t i = 0; i < root.keys.size(); i++) {
        if (root.items[i].tag != json::Tag::string) bad_metadata("not an object of strings");
        if (!entries.emplace(root.keys[i], root.items[i].text).second) bad_metadata("a key is given twice");
    }
    for (auto &e : entries)
        if (e.first.compare(0, 5, "avro.") == 0) bad_metadata("keys that begin with \"avro.\" are reserved");
    return entries;
}
} // namespace spout::avro
