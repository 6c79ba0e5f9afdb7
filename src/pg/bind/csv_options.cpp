// csv_options.cpp - CSV's options through ProcessCopyOptions(), so that no message differs from core's.
#include "pg/bind/csv_options.hpp"

extern "C" {
#include "commands/copy.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
}

namespace spout
{
void relink_csv(CsvOptions *csv)
{
    csv->mblen = PG_ENCODING_IS_CLIENT_ONLY(csv->encoding) ? pg_encoding_mblen : nullptr;
}

ForceQuote read_csv_options(ParseState *pstate, List *core, Options *options)
{
    CopyFormatOptions checked = {};
    List *all = lcons(makeDefElem(pstrdup("format"), (Node *)makeString(pstrdup("csv")), -1), core);
    ProcessCopyOptions(pstate, &checked, false, all);
    CsvOptions *csv = &options->csv;
    csv->delimiter = checked.delim[0];
    csv->quote = checked.quote[0];
    csv->escape = checked.escape[0];
    csv->header = checked.header_line != COPY_HEADER_FALSE;
    csv->encoding = checked.file_encoding < 0 ? pg_get_client_encoding() : checked.file_encoding;
    csv->null_server = checked.null_print;
    csv->null_text = pg_server_to_any(checked.null_print, strlen(checked.null_print), csv->encoding);
    relink_csv(csv);
    return {checked.force_quote_all, checked.force_quote};
}

static bool has_column(TupleDesc desc, const char *name)
{
    for (int i = 0; desc && i < desc->natts; i++)
        if (!TupleDescAttr(desc, i)->attisdropped &&
            strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
            return true;
    return false;
}

const bool *force_quote_flags(const ForceQuote *f, const ColumnChoice *columns, uint32 n,
                              const char *relation, TupleDesc relation_desc)
{
    if (!f->all && f->names == NIL) return nullptr;
    auto *flags = (bool *)palloc0(sizeof(bool) * Max(n, 1));
    if (f->all) memset(flags, true, sizeof(bool) * n);
    ListCell *lc;
    foreach (lc, f->names) {
        const char *name = strVal(lfirst(lc));
        bool found = false;
        for (uint32 i = 0; i < n; i++)
            if (strcmp(columns[i].name, name) == 0) flags[i] = found = true;
        if (found) continue;
        if (has_column(relation_desc, name))
            ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
                            errmsg("FORCE_QUOTE column \"%s\" not referenced by COPY", name)));
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                        relation ? errmsg("column \"%s\" of relation \"%s\" does not exist", name, relation)
                                 : errmsg("column \"%s\" does not exist", name)));
    }
    return flags;
}
} // namespace spout
