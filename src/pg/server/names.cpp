// names.cpp - conversion that asks before it fails.
#include "pg/server/names.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
}

namespace spout
{
bool convert_name(const char *s, int encoding, const char **converted)
{
    const int database = GetDatabaseEncoding(), n = (int)strlen(s);
    *converted = s;
    if (database == encoding || encoding == PG_SQL_ASCII) return true;
    if (database == PG_SQL_ASCII) return encoding != PG_UTF8 || pg_verify_mbstr(PG_UTF8, s, n, true);
    Oid proc = FindDefaultConversionProc(database, encoding);
    if (!OidIsValid(proc)) return false;
    const int room = n * MAX_CONVERSION_GROWTH + 1;
    auto *to = (char *)palloc(room);
    *converted = to;
    return pg_do_encoding_conversion_buf(proc, database, encoding, (unsigned char *)s, n, (unsigned char *)to,
                                         room, true) == n;
}

const char *escaped_bytes(const char *s)
{
    auto *escaped = (char *)palloc(4 * strlen(s) + 1), *p = escaped;
    for (; *s; s++)
        if (IS_HIGHBIT_SET(*s))
            p += pg_snprintf(p, 5, "\\x%02x", (unsigned char)*s);
        else
            *p++ = *s;
    *p = '\0';
    return escaped;
}

const char *shown_name(const char *s)
{
    const char *converted;
    if (!convert_name(s, PG_UTF8, &converted)) return escaped_bytes(s);
    return converted == s ? pstrdup(s) : converted;
}

const char *message_name(const char *s)
{
    const char *converted;
    return convert_name(s, PG_UTF8, &converted) ? pstrdup(s) : escaped_bytes(s);
}

int bad_name_sqlstate()
{
    return GetDatabaseEncoding() == PG_SQL_ASCII ? ERRCODE_CHARACTER_NOT_IN_REPERTOIRE
                                                 : ERRCODE_UNTRANSLATABLE_CHARACTER;
}

const char *written_text(const char *s, int encoding, const char *what, const char *hint)
{
    const char *converted;
    if (!convert_name(s, encoding, &converted))
        ereport(ERROR, (errcode(bad_name_sqlstate()),
                        errmsg("%s cannot be written in encoding \"%s\": \"%s\"", what,
                               pg_encoding_to_char(encoding), escaped_bytes(s)),
                        errhint("%s", hint)));
    return converted == s ? pstrdup(s) : converted;
}

const char *option_text(const char *name, const char *value)
{
    return written_text(value, PG_UTF8, psprintf("value of option \"%s\"", message_name(name)),
                        "The values of these options are text in UTF-8.");
}
} // namespace spout
