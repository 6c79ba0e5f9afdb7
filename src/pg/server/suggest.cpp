// suggest.cpp - edit distances as the server's own hints count them.
#include "pg/server/suggest.hpp"

#include "pg/server/error.hpp"

extern "C" {
#include "utils/varlena.h"
}

namespace spout
{
// As for the server's own suggestions: no more than this, and no more than half of a name may be changed, but
// two letters that are swapped count as two changes.
constexpr int kMaxDistance = 4, kSwap = 2;

void consider(Suggestion *s, const char *candidate)
{
    int typed = (int)strlen(s->typed), n = (int)strlen(candidate);
    if (typed >= NAMEDATALEN || n >= NAMEDATALEN) return;
    int most = typed <= kSwap ? 1 : Min(kMaxDistance, Max(kSwap, typed / 2));
    int d = varstr_levenshtein_less_equal(s->typed, typed, candidate, n, 1, 1, 1, most, true);
    if (d > most || (s->best && d >= s->distance)) return;
    s->best = candidate;
    s->distance = d;
}

const char *suggest_option(const char *format, const char *typed)
{
    Suggestion s = {typed, nullptr, 0};
    for (uint32 i = 0; const char *name = option_at(format, i); i++)
        consider(&s, name);
    return s.best;
}

const char *suggest_format(const char *typed)
{
    Suggestion s = {typed, nullptr, 0};
    for (uint32 i = 0; const char *name = format_at(i); i++)
        consider(&s, name);
    return s.best;
}

const char *suggest_column(TupleDesc desc, const char *typed)
{
    Suggestion s = {typed, nullptr, 0};
    for (int i = 0; i < desc->natts; i++)
        if (!TupleDescAttr(desc, i)->attisdropped) consider(&s, NameStr(TupleDescAttr(desc, i)->attname));
    return s.best;
}

void raise_option(const char *format, const RawOption *raw, const Failure *why, ParseState *pstate,
                  const int *locations)
{
    const char *near = nullptr, *hint = from_utf8(why->hint);
    if (why->code == Code::unknown_name)
        near = why->option < 0 ? suggest_format(format)
                               : suggest_option(format, from_utf8(raw[why->option].name));
    if (near) hint = psprintf("Perhaps you meant \"%s\". %s", near, hint);
    ereport(ERROR, (errcode(sqlstate_of(why->code)), errmsg("%s", from_utf8(why->message)),
                    hint[0] ? errhint("%s", hint) : 0,
                    why->option >= 0 && locations ? parser_errposition(pstate, locations[why->option]) : 0));
    pg_unreachable();
}
} // namespace spout
