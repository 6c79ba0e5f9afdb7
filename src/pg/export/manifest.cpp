// manifest.cpp - which files make up an export, with what it takes to check them.
#include "pg/export/manifest.hpp"

#include "pg/bind/bind.hpp"

extern "C" {
#include "mb/pg_wchar.h"
#include "utils/json.h"
}

namespace spout
{
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void check_manifest_path(const char *path)
{
    const char *name = base_name(path);
    if (GetDatabaseEncoding() == PG_SQL_ASCII && !pg_verify_mbstr(PG_UTF8, name, (int)strlen(name), true))
        ereport(ERROR, (errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
                        errmsg("the file name is not valid UTF-8, as a manifest needs it"),
                        errhint("Choose another name, or leave out the option manifest.")));
    (void)to_utf8(name);
}

static void append_file(StringInfo s, const FileEntry *f)
{
    appendStringInfoString(s, "    {\"name\": ");
    escape_json(s, to_utf8(base_name(f->path)));
    appendStringInfo(s,
                     ", \"rows\": " UINT64_FORMAT ", \"bytes\": " UINT64_FORMAT
                     ", \"raw_bytes\": " UINT64_FORMAT ", \"crc32c\": \"%08x\"}",
                     f->rows, f->bytes, f->raw_bytes, f->crc32c);
}

// A character; the number of a byte that is none.
static void append_byte(StringInfo s, char c)
{
    char text[2] = {c, '\0'};
    if (!IS_HIGHBIT_SET(c))
        escape_json(s, text);
    else
        appendStringInfo(s, "%d", (unsigned char)c);
}

// What a reader must know and the file does not say.
static void append_csv(StringInfo s, const CsvOptions *csv)
{
    appendStringInfo(s, "  \"csv\": {\"header\": %s, \"delimiter\": ", csv->header ? "true" : "false");
    append_byte(s, csv->delimiter);
    appendStringInfoString(s, ", \"quote\": ");
    append_byte(s, csv->quote);
    appendStringInfoString(s, ", \"escape\": ");
    append_byte(s, csv->escape);
    appendStringInfo(s, ", \"encoding\": \"%s\"},\n", pg_encoding_to_char(csv->encoding));
}

StringInfo build_manifest(const Options *o, BytesRef schema, const uint8 random[16], const FileEntry *files,
                          uint32 n)
{
    StringInfo s = makeStringInfo();
    appendStringInfoString(s, "{\n  \"pg_spout_manifest\": 1,\n  \"run\": \"");
    for (int i = 0; i < 8; i++)
        appendStringInfo(s, "%02x", random[i]);
    appendStringInfo(s, "\",\n  \"format\": \"%s\",\n  \"compression\": \"%s\",\n", format_name(o),
                     o->codec_name);
    appendStringInfo(s, "  \"pg_spout\": \"%s\",\n  \"server_version\": ", SPOUT_VERSION);
    escape_json(s, to_utf8(PG_VERSION)); // whoever built the server may have added to it
    appendStringInfoString(s, ",\n");
    if (format_style(o) == Style::csv) append_csv(s, &o->csv);
    uint64 rows = 0, bytes = 0;
    for (uint32 i = 0; i < n; i++) {
        rows += files[i].rows;
        bytes += files[i].bytes;
    }
    appendStringInfo(s, "  \"rows\": " UINT64_FORMAT ",\n  \"bytes\": " UINT64_FORMAT ",\n  \"files\": [\n",
                     rows, bytes);
    for (uint32 i = 0; i < n; i++) {
        append_file(s, &files[i]);
        appendStringInfoString(s, i + 1 < n ? ",\n" : "\n");
    }
    appendStringInfoString(s, "  ],\n  \"schema\": ");
    if (schema.n)
        appendBinaryStringInfo(s, (const char *)schema.p, schema.n);
    else
        appendStringInfoString(s, "null"); // a text format has none
    appendStringInfoString(s, "\n}\n");
    return s;
}
} // namespace spout
