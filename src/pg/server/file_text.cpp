// file_text.cpp - by the server's own verification and conversions, in their variants that do not raise.
#include "pg/server/file_text.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
}

namespace spout
{
namespace
{
constexpr int kMaxGrowth = 4; // bytes of the database encoding per byte of UTF-8, at most

// How many of n bytes of valid UTF-8 can be converted; they are appended.
int convert(const char *s, int n, StringInfo to)
{
    const int encoding = GetDatabaseEncoding();
    Oid proc = encoding == PG_UTF8 || encoding == PG_SQL_ASCII ? InvalidOid
                                                               : FindDefaultConversionProc(PG_UTF8, encoding);
    if (!OidIsValid(proc)) {
        appendBinaryStringInfo(to, s, n);
        return n;
    }
    enlargeStringInfo(to, n * kMaxGrowth + 1);
    char *out = to->data + to->len;
    int done = pg_do_encoding_conversion_buf(proc, PG_UTF8, encoding, (unsigned char *)s, n,
                                             (unsigned char *)out, n * kMaxGrowth + 1, true);
    to->len += (int)strlen(out);
    return done;
}
} // namespace

char *text_from_file(const char *bytes)
{
    const int n = (int)strlen(bytes);
    if (!pg_verify_mbstr(PG_UTF8, bytes, n, true))
        return pg_verify_mbstr(GetDatabaseEncoding(), bytes, n, true) ? pnstrdup(bytes, n) : nullptr;
    StringInfoData s;
    initStringInfo(&s);
    return convert(bytes, n, &s) == n ? s.data : nullptr;
}

char *readable(const char *bytes)
{
    if (char *whole = text_from_file(bytes)) return whole;
    StringInfoData s;
    initStringInfo(&s);
    for (const char *p = bytes; *p;) {
        int n = pg_encoding_verifymbchar(PG_UTF8, p, (int)strlen(p));
        int before = s.len;
        if (n < 1) {
            appendStringInfo(&s, "\\x%02x", (unsigned char)*p++);
            continue;
        }
        if (convert(p, n, &s) != n) {
            s.len = before;
            s.data[s.len] = '\0';
            appendStringInfo(&s, "\\u{%x}", utf8_to_unicode((const unsigned char *)p));
        }
        p += n;
    }
    return s.data;
}
} // namespace spout
