// manifest_scan.hpp - reads a manifest of ours back: a strict JSON parser that bytes are pushed into, in
// pieces of any size and in constant memory, for whoever may write to the directory may have written the
// manifest. Plain data that needs no clean-up, so that glue can leave it by an ERROR. Knows no files, and no
// encodings: texts are the bytes that the manifest has. Source: RFC 8259; src/pg/export/manifest.cpp writes
// them.
#pragma once
#include <cstddef>
#include <cstdint>

namespace spout
{
// How the files are to be read: all that they do not say themselves. Texts are empty where it is not said.
struct ManifestAbout {
    char format[32], compression[32];
    bool csv, header; // csv: what follows was given
    char quote, escape;
    char encoding[64];
};
struct ManifestFile {
    char name[256]; // not empty
    uint64_t rows, bytes;
    uint32_t crc32c;
};

enum class ManifestStep : uint8_t {
    more, // all was taken
    file, // `file` is the next of the list; there may be more bytes
    done, // only from manifest_end()
    bad   // `problem` says why
};

struct ManifestScan {
    ManifestAbout about; // complete at the end
    ManifestFile file;
    uint64_t files; // so far
    uint64_t at;    // bytes taken
    const char *problem;

    // What follows is the parser's own.
    static constexpr uint32_t kMaxDepth = 1024, kMaxText = 256;
    enum class State : uint8_t {
        value,
        first_value,
        key,
        first_key,
        colon,
        after,
        string,
        escape,
        hex,
        number,
        word,
        end
    };
    enum class Number : uint8_t { minus, zero, whole, point, fraction, e, sign, exponent };
    enum class Key : uint8_t {
        other,
        version,
        format,
        compression,
        csv,
        files,
        header,
        quote,
        escape,
        encoding,
        name,
        rows,
        bytes,
        crc32c
    };
    State state;
    Number number;
    bool is_key;         // the string is one
    const char *word;    // the rest of true, false or null
    uint32_t hex, nhex;  // of the escape \uXXXX
    uint32_t surrogate;  // the first of a pair, whose second must follow
    char text[kMaxText]; // of the string, number or word
    uint32_t ntext;      // kMaxText: it is longer
    Key top, sub;        // keys of the object at depth 1, and of the one below that is of interest
    uint32_t given;      // bits of Key: members of the manifest; and of the file
    uint32_t given_file;
    uint32_t depth;
    uint8_t objects[kMaxDepth / 8]; // of the open containers, one bit each
};

void manifest_begin(ManifestScan *) noexcept;
// Takes bytes off the front of [*p, end). To be called again until it says `more`; not after `bad`.
ManifestStep manifest_feed(ManifestScan *, const char **p, const char *end) noexcept;
// The text ends here.
ManifestStep manifest_end(ManifestScan *) noexcept;
} // namespace spout
