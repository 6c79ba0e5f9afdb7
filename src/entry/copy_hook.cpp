// copy_hook.cpp - COPY ... TO '/file' WITH (FORMAT avro, ...), and what DISCARD ALL means to us. Statements
// that are not ours pass at the cost of a few comparisons: no allocation, no catalog. Order of checks as in
// core (copy.c, copyto.c): role, relation and columns, options, plan, destination.
#include "entry/copy_hook.hpp"

#include "entry/copy_claim.hpp"
#include "entry/preload_hint.hpp"
#include "pg/server/clock.hpp"
#include "pg/export/export.hpp"
#include "pg/server/names.hpp"
#include "pg/file/paths.hpp"
#include "pg/pump/pump.hpp"
#include "pg/server/rights.hpp"
#include "pg/server/suggest.hpp"

extern "C" {
#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/copy.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "nodes/makefuncs.h"
#include "parser/parse_node.h"
#include "tcop/utility.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace spout
{
static ProcessUtility_hook_type previous_hook;

// The library may be loaded in a database where nobody created the extension: another one may own the format.
static bool extension_exists() { return OidIsValid(get_extension_oid("pg_spout", true)); }

// --- options
// --------------------------------------------------------------------------------------------------

// Null without a value. No option of ours takes a list: refused by its text. What core checks is in core's
// hands.
static const char *value_of(const DefElem *def, const char *format)
{
    if (!def->arg) return nullptr;
    if (IsA(def->arg, List)) return nodeToString(def->arg);
    if (IsA(def->arg, A_Star)) return "*";
    const char *text = defGetString((DefElem *)def);
    return option_is_ours(format, def->defname) ? option_text(def->defname, text) : shown_name(text);
}

// Options of files make no sense for a stream, whatever their value. Under \copy, psql writes the file.
static void refuse_file_options(ParseState *pstate, const CopyStmt *stmt)
{
    ListCell *lc;
    foreach (lc, stmt->options) {
        auto *def = (const DefElem *)lfirst(lc);
        if (option_is_of_files(def->defname))
            ereport(ERROR,
                    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                     errmsg("option \"%s\" needs a file target", def->defname),
                     errhint("COPY ... TO '/absolute/path' writes a server file. \\copy, STDOUT and PROGRAM "
                             "are streams, whose receiver makes the file."),
                     parser_errposition(pstate, def->location)));
    }
}

// Options of core's COPY FROM: core says what it thinks of them in COPY TO, which differs between versions.
static bool of_copy_from(const char *name)
{
    static const char *const kNames[] = {"freeze",   "force_not_null", "force_null",   "default",
                                         "on_error", "reject_limit",   "log_verbosity"};
    for (const char *n : kNames)
        if (pg_strcasecmp(name, n) == 0) return true;
    return false;
}

static bool has_compression(const RawOption *raw, int n)
{
    for (int i = 0; i < n; i++)
        if (pg_strcasecmp(raw[i].name, "compression") == 0) return true;
    return false;
}

static void parse_options(ParseState *pstate, const CopyStmt *stmt, ExportRequest *r)
{
    int n = list_length(stmt->options), used = 0;
    auto *raw = (RawOption *)palloc0(sizeof(RawOption) * (n + 1)); // and what the file's name says
    auto **defs = (DefElem **)palloc0(sizeof(DefElem *) * (n + 1));
    auto *locations = (int *)palloc0(sizeof(int) * (n + 1));
    const char *format = nullptr;
    bool csv = pg_strcasecmp(copy_format(stmt), "csv") == 0;
    List *core = NIL;
    ListCell *lc;
    foreach (lc, stmt->options) {
        auto *def = (DefElem *)lfirst(lc);
        if (pg_strcasecmp(def->defname, "format") == 0) {
            if (format) errorConflictingDefElem(def, pstate);
            format = value_of(def, "");
            continue;
        }
        if (csv && of_copy_from(def->defname)) {
            core = lappend(core, def);
            continue;
        }
        for (int i = 0; i < used; i++)
            if (pg_strcasecmp(defs[i]->defname, def->defname) == 0) errorConflictingDefElem(def, pstate);
        raw[used] = {shown_name(def->defname), value_of(def, copy_format(stmt))};
        locations[used] = def->location;
        defs[used++] = def;
    }
    if (r->target == Target::file && !has_compression(raw, used))
        if (const char *told = compression_by_name(format, stmt->filename))
            raw[used++] = {"compression", told};
    Failure why;
    if (options_parse(format, raw, used, &r->options, &why) != Code::ok)
        raise_option(format, raw, &why, pstate, locations);
    for (int i = 0; i < used; i++)
        if (!option_is_ours(format, raw[i].name)) core = lappend(core, defs[i]);
    if (format_style(&r->options) == Style::csv) r->force_quote = read_csv_options(pstate, core, &r->options);
}

// --- COPY rel [(columns)] is SELECT columns FROM ONLY rel
// -------------------------------------------------------

[[noreturn]] static void refuse_relation(int code, const char *message, Relation rel, const char *hint)
{
    ereport(ERROR,
            (errcode(code), errmsg(message, RelationGetRelationName(rel)), hint ? errhint("%s", hint) : 0));
    pg_unreachable();
}

static void check_relkind(Relation rel)
{
    const char *variant = "Try the COPY (SELECT ...) TO variant.";
    switch (rel->rd_rel->relkind) {
    case RELKIND_RELATION:
    case RELKIND_PARTITIONED_TABLE: return; // of all partitions, as core's COPY since 19
    case RELKIND_VIEW:
        refuse_relation(ERRCODE_WRONG_OBJECT_TYPE, "cannot copy from view \"%s\"", rel, variant);
    case RELKIND_MATVIEW:
        if (!kCopyMatview)
            refuse_relation(ERRCODE_WRONG_OBJECT_TYPE, "cannot copy from materialized view \"%s\"", rel,
                            variant);
        if (!RelationIsPopulated(rel))
            refuse_relation(ERRCODE_FEATURE_NOT_SUPPORTED,
                            "cannot copy from unpopulated materialized view \"%s\"", rel,
                            "Use the REFRESH MATERIALIZED VIEW command.");
        return;
    case RELKIND_FOREIGN_TABLE:
        refuse_relation(ERRCODE_WRONG_OBJECT_TYPE, "cannot copy from foreign table \"%s\"", rel, variant);
    case RELKIND_SEQUENCE:
        refuse_relation(ERRCODE_WRONG_OBJECT_TYPE, "cannot copy from sequence \"%s\"", rel, nullptr);
    default:
        refuse_relation(ERRCODE_WRONG_OBJECT_TYPE, "cannot copy from non-table relation \"%s\"", rel,
                        nullptr);
    }
}

// Columns are always spelled out: no dropped ones, no generated ones.
static RawStmt *select_from(const CopyStmt *stmt, Relation rel, const PlannedStmt *pstmt)
{
    List *targets = NIL;
    ListCell *lc;
    foreach (lc, CopyGetAttnums(RelationGetDescr(rel), rel, stmt->attlist)) {
        Form_pg_attribute a = TupleDescAttr(RelationGetDescr(rel), lfirst_int(lc) - 1);
        ColumnRef *column = makeNode(ColumnRef);
        column->fields = list_make1(makeString(pstrdup(NameStr(a->attname))));
        column->location = -1;
        ResTarget *target = makeNode(ResTarget);
        target->val = (Node *)column;
        target->location = -1;
        targets = lappend(targets, target);
    }
    RangeVar *from = makeRangeVar(get_namespace_name(RelationGetNamespace(rel)),
                                  pstrdup(RelationGetRelationName(rel)), -1);
    from->inh = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE; // else ONLY, as in core
    SelectStmt *select = makeNode(SelectStmt);
    select->targetList = targets;
    select->fromClause = list_make1(from);
    RawStmt *raw = makeNode(RawStmt);
    raw->stmt = (Node *)select;
    raw->stmt_location = pstmt->stmt_location;
    raw->stmt_len = pstmt->stmt_len;
    return raw;
}

static RawStmt *query_statement(const CopyStmt *stmt, const PlannedStmt *pstmt)
{
    RawStmt *raw = makeNode(RawStmt);
    raw->stmt = stmt->query;
    raw->stmt_location = pstmt->stmt_location;
    raw->stmt_len = pstmt->stmt_len;
    return raw;
}

// --- the statement
// ----------------------------------------------------------------------------------------------

static Target check_target(const CopyStmt *stmt)
{
    if (!stmt->filename) return Target::client;
    if (stmt->is_program)
        require_execute_server_program();
    else
        require_write_server_files();
    return stmt->is_program ? Target::program : Target::file;
}

static uint64 copy_to(const CopyStmt *stmt, const PlannedStmt *pstmt, const char *source_text,
                      QueryEnvironment *env)
{
    ParseState *pstate = make_parsestate(nullptr);
    pstate->p_sourcetext = source_text;
    pstate->p_queryEnv = env;
    ExportRequest r = {};
    r.target = check_target(stmt);
    RawStmt *raw;
    Relation rel = nullptr;
    if (stmt->relation) {
        rel = table_openrv(stmt->relation, AccessShareLock);
        r.relid = RelationGetRelid(rel);
        raw = select_from(stmt, rel, pstmt);
        check_relkind(rel);
        r.relation_schema = get_namespace_name(RelationGetNamespace(rel));
        r.relation = pstrdup(RelationGetRelationName(rel));
        r.relation_desc = CreateTupleDescCopy(RelationGetDescr(rel));
        if (rel->rd_rel->relkind == RELKIND_RELATION && has_subclass(r.relid))
            ereport(NOTICE, (errmsg("rows of child tables of \"%s\" are not exported", r.relation),
                             errhint("Try the COPY (SELECT ...) TO variant.")));
        table_close(rel, NoLock); // the lock stays until the transaction ends
    } else
        raw = query_statement(stmt, pstmt);
    parse_options(pstate, stmt, &r);
    if (r.target == Target::file) {
        r.path = check_target_path(stmt->filename);
        warn_of_name(&r);
    } else {
        refuse_file_options(pstate, stmt);
        r.path = stmt->filename;
    }
    uint64 start = now_ns();
    Wish wish = wish_of(&r.options);
    r.plan = plan_copy(raw, source_text, r.relid, &wish);
    r.plan_ns = now_ns() - start;
    uint64 rows = run_export(&r);
    free_parsestate(pstate);
    return rows;
}

static bool discards_all(const PlannedStmt *pstmt)
{
    return IsA(pstmt->utilityStmt, DiscardStmt) &&
           ((const DiscardStmt *)pstmt->utilityStmt)->target == DISCARD_ALL;
}

// The hook's arguments.
struct Call {
    PlannedStmt *pstmt;
    const char *source_text;
    bool read_only_tree;
    ProcessUtilityContext context;
    ParamListInfo params;
    QueryEnvironment *env;
    DestReceiver *dest;
    QueryCompletion *qc;
};

static void pass_on(const Call *c)
{
    (previous_hook ? previous_hook : standard_ProcessUtility)(c->pstmt, c->source_text, c->read_only_tree,
                                                              c->context, c->params, c->env, c->dest, c->qc);
}

static void pass_on_or_explain(const Call *c, const Passed *p)
{
    MemoryContext cx = CurrentMemoryContext;
    PG_TRY();
    {
        pass_on(c);
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(cx);
        explain_refusal(p);
    }
    PG_END_TRY();
}

static uint64 copy_to(const Call *c)
{
    check_stack_depth();
    // Parse analysis scribbles on the tree, and the tree of a PL/pgSQL statement is cached.
    auto *pstmt = c->read_only_tree ? (PlannedStmt *)copyObjectImpl(c->pstmt) : c->pstmt;
    return copy_to((const CopyStmt *)pstmt->utilityStmt, pstmt, c->source_text, c->env);
}

static bool creates_extension(const PlannedStmt *pstmt)
{
    return IsA(pstmt->utilityStmt, CreateExtensionStmt) &&
           strcmp(((const CreateExtensionStmt *)pstmt->utilityStmt)->extname, "pg_spout") == 0 &&
           !extension_exists();
}

static void process_utility(PlannedStmt *pstmt, const char *source_text, bool read_only_tree,
                            ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *env,
                            DestReceiver *dest, QueryCompletion *qc)
{
    Call call = {pstmt, source_text, read_only_tree, context, params, env, dest, qc};
    Claim claim = claim_of(pstmt);
    if (claim == Claim::none) {
        bool discard = discards_all(pstmt); // asked before: the statement may not outlive its execution
        if (creates_extension(pstmt)) hint_at_commit();
        pass_on(&call);
        if (discard) forget_export();
        return;
    }
    bool exists = extension_exists(), ours = claim == Claim::ours;
    if (ours && exists) {
        uint64 rows = copy_to(&call);
        if (qc) SetQueryCompletion(qc, CMDTAG_COPY, rows);
    } else if (ours || exists) {
        Passed p = passed_on((const CopyStmt *)pstmt->utilityStmt, ours);
        pass_on_or_explain(&call, &p);
    } else
        pass_on(&call);
}

void install_copy_hook()
{
    previous_hook = ProcessUtility_hook;
    ProcessUtility_hook = process_utility;
}
} // namespace spout
