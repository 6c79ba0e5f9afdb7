// copy_claim.cpp - tells our COPY from the server's and from other extensions', and helps where the server
// can only say that it does not know a word.
#include "entry/copy_claim.hpp"

#include "engine/wall.hpp"
#include "pg/server/guc.hpp"
#include "pg/server/suggest.hpp"

extern "C" {
#include "lib/stringinfo.h"
}

namespace spout
{
static bool is_one_of(const char *name, const char *const *words)
{
    for (; *words; words++)
        if (pg_strcasecmp(name, *words) == 0) return true;
    return false;
}

// Options of COPY in any version of the server. Whatever else is written is ours, another extension's or a
// mistake.
static bool option_of_server(const char *name)
{
    static const char *const kNames[] = {
        "format",         "freeze",       "delimiter",     "null",
        "header",         "quote",        "escape",        "force_quote",
        "force_not_null", "force_null",   "encoding",      "default",
        "on_error",       "reject_limit", "log_verbosity", "convert_selectively",
        nullptr};
    return is_one_of(name, kNames);
}

static bool format_of_server(const char *format)
{
    static const char *const kNames[] = {"text", "csv", "binary", nullptr};
    return !format || is_one_of(format, kNames);
}

static bool is_csv(const char *format) { return format && pg_strcasecmp(format, "csv") == 0; }

const char *copy_format(const CopyStmt *stmt)
{
    ListCell *lc;
    foreach (lc, stmt->options) {
        auto *def = (const DefElem *)lfirst(lc);
        if (pg_strcasecmp(def->defname, "format") == 0 && def->arg && IsA(def->arg, String))
            return strVal(def->arg);
    }
    return nullptr;
}

// The first option that is not the server's; one of ours before others.
static const char *foreign_option(const CopyStmt *stmt)
{
    const char *found = nullptr;
    ListCell *lc;
    foreach (lc, stmt->options) {
        const char *name = ((const DefElem *)lfirst(lc))->defname;
        if (option_of_server(name)) continue;
        if (option_is_known(name)) return name;
        if (!found) found = name;
    }
    return found;
}

Claim claim_of(const PlannedStmt *pstmt)
{
    if (!enable_copy_hook || !IsA(pstmt->utilityStmt, CopyStmt)) return Claim::none;
    auto *stmt = (const CopyStmt *)pstmt->utilityStmt;
    const char *format = copy_format(stmt);
    bool server = format_of_server(format);
    if (!server && !format_known(format)) return Claim::doubtful;
    if (!server) return stmt->is_from ? Claim::doubtful : Claim::ours;
    const char *option = foreign_option(stmt);
    if (!option) return Claim::none;
    // CSV is the server's own format: ours where an option asks for what the server cannot do, also one that
    // CSV has not, so that the error lists those that it has.
    return !stmt->is_from && is_csv(format) && option_is_known(option) ? Claim::ours : Claim::doubtful;
}

Passed passed_on(const CopyStmt *stmt, bool missing)
{
    const char *format = copy_format(stmt), *option = foreign_option(stmt);
    return {stmt->is_from, missing, format ? pstrdup(format) : nullptr, option ? pstrdup(option) : nullptr};
}

// --- words
// ---------------------------------------------------------------------------------------------------

static const char *formats()
{
    StringInfoData s;
    initStringInfo(&s);
    for (uint32 i = 0; const char *name = format_at(i); i++)
        appendStringInfo(&s, "%s%s", i ? ", " : "", name);
    return s.data;
}

static const char *options_of(const char *format)
{
    StringInfoData s;
    initStringInfo(&s);
    for (uint32 i = 0; const char *name = option_at(format, i); i++)
        if (!option_of_server(name)) appendStringInfo(&s, "%s%s", s.len ? ", " : "", name);
    return s.data;
}

static const char *perhaps(const char *near)
{
    return near ? psprintf("Perhaps you meant \"%s\". ", near) : "";
}

static void explain_missing(ErrorData *e, const char *format)
{
    e->sqlerrcode = ERRCODE_UNDEFINED_OBJECT;
    e->detail = psprintf("Without it, the server says: %s", e->message);
    e->message = psprintf("COPY format \"%s\" needs extension \"pg_spout\" in this database", format);
    e->hint = pstrdup("CREATE EXTENSION pg_spout;");
}

static void explain_from(ErrorData *e, const Passed *p)
{
    if (!format_of_server(p->format)) {
        if (!format_known(p->format)) return;
        e->sqlerrcode = ERRCODE_FEATURE_NOT_SUPPORTED;
        e->message = psprintf("COPY FROM cannot read format \"%s\"", p->format);
        e->detail = psprintf("pg_spout writes %s with COPY TO; it loads none of them.", formats());
        e->hint = pstrdup(
            "verify_export(path) reads a file back and checks it; COPY FROM reads text, csv and binary.");
    } else if (p->option && option_is_known(p->option))
        e->hint = psprintf("\"%s\" is an option of pg_spout's COPY TO.%s", p->option,
                           pg_strcasecmp(p->option, "compression") == 0
                               ? " A compressed file is read with COPY ... FROM PROGRAM "
                                 "'gzip -dc file', or likewise zstd and lz4."
                               : "");
}

static void explain_to(ErrorData *e, const Passed *p)
{
    if (!format_of_server(p->format))
        e->hint = psprintf("%sFormats of pg_spout: %s.", perhaps(suggest_format(p->format)), formats());
    else if (!p->option || e->sqlerrcode != ERRCODE_SYNTAX_ERROR)
        return;
    else if (is_csv(p->format))
        e->hint = psprintf("%sBesides the server's own, csv has the options of pg_spout: %s.",
                           perhaps(suggest_option("csv", p->option)), options_of("csv"));
    else if (format_known(p->option))
        e->hint = psprintf("Perhaps you meant FORMAT %s.", p->option);
    else if (option_is_known(p->option))
        e->hint = psprintf("\"%s\" is an option of pg_spout's formats: name one of %s with FORMAT.",
                           p->option, formats());
}

void explain_refusal(const Passed *p)
{
    ErrorData *e = CopyErrorData();
    // Of the server's errors, only the function's name is not translated.
    if (!e->funcname || strcmp(e->funcname, "ProcessCopyOptions") != 0) PG_RE_THROW();
    FlushErrorState();
    if (p->missing)
        explain_missing(e, p->format);
    else if (p->from)
        explain_from(e, p);
    else
        explain_to(e, p);
    ReThrowError(e);
    pg_unreachable();
}
} // namespace spout
