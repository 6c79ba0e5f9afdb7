// benchmarks.cpp - the built-in kinds: an encoder alone, a reader alone, SQL. Measures no time itself.
#include "bench/measure/benchmark.hpp"
#include "pg/export/options_json.hpp"
#include "pg/bind/columns.hpp"
#include "pg/server/error.hpp"
#include "pg/export/export.hpp"
#include "pg/server/memory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

extern "C" {
#include "access/htup_details.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "storage/fd.h"
#include "funcapi.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

namespace spout
{
namespace
{
void check(Code rc, const Failure *why)
{
    if (rc != Code::ok) raise_failure(why);
}

// SPI's own errors are numbers; those of the statement are raised by it.
int execute_sql(const char *sql, int n, Oid *types, Datum *values)
{
    int rc = SPI_execute_with_args(sql, n, types, values, nullptr, false, 0);
    if (rc == SPI_ERROR_TRANSACTION)
        ereport(ERROR, (errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
                        errmsg("a benchmark must not end its transaction")));
    if (rc == SPI_ERROR_COPY)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("a benchmark cannot COPY to or from the client")));
    if (rc < 0) elog(ERROR, "SPI failed: %s", SPI_result_code_string(rc));
    return rc;
}

// The same, reading nothing but one relation; invalid: whatever the statement names.
void execute_reading(Oid only, const char *sql, int n, Oid *types, Datum *values)
{
    read_only_relation(only);
    PG_TRY();
    {
        execute_sql(sql, n, types, values);
    }
    PG_FINALLY();
    {
        read_only_relation(InvalidOid);
    }
    PG_END_TRY();
}

// --- core: an encoder alone
// -----------------------------------------------------------------------------------

// Rows are deformed once, in setup; a loop encodes them into a file that is only counted.
class Encode : public Benchmark
{
  public:
    void setup(const BenchTask *t) override
    {
        MemoryContext cx =
            AllocSetContextCreate(CurTransactionContext, "pg_spout benchmark rows", ALLOCSET_DEFAULT_SIZES);
        MemoryContextSwitchTo(cx);
        load_rows(t->relation, cx, t);
        spec_.row = binder_->row;
        allocator_ = server_allocator(cx);
        spec_.allocator = &allocator_;
        spec_.any_thread = &kThreadAllocator;
        memset(spec_.random, 0x5a, sizeof spec_.random);
        writer_ = nullptr;
        cleanup_.func = [](void *arg) {
            auto *e = static_cast<Encode *>(arg);
            writer_free(e->writer_);
            e->writer_ = nullptr;
        };
        cleanup_.arg = this;
        MemoryContextRegisterResetCallback(cx, &cleanup_);
        open();
    }

    void run_whole(const BenchTask *t, uint64 loop) override
    {
        writer_free(writer_);
        writer_ = nullptr;
        open();
        run(t, loop);
        writer_free(writer_);
        writer_ = nullptr;
    }

    void run(const BenchTask *, uint64) override
    {
        out_ = {(int64)nrows_, 0, 0};
        BytesRef bytes;
        check(file_begin(writer_, 0, &bytes), writer_failure(writer_));
        take(bytes);
        const OpenBlock *open = writer_open_block(writer_);
        bool first = true;
        for (uint64 i = 0; i < nrows_; i++) {
            check(writer_add(writer_, cells_ + i * ncells_, ncells_), writer_failure(writer_));
            if (!open->full) continue;
            place(first, i + 1 == nrows_);
            first = false;
        }
        if (open->rows) place(first, true);
        Ending ending = nrows_ ? Ending::closed : Ending::empty;
        check(file_end(writer_, 0, ending, &bytes), writer_failure(writer_));
        take(bytes);
    }

    BenchOutput output(const BenchTask *) override { return out_; }

  protected:
    virtual void take(BytesRef b)
    {
        out_.bytes += (int64)b.n;
        out_.crc32c = crc32c(out_.crc32c, b.p, b.n);
    }

  private:
    void open()
    {
        Failure why;
        check(writer_open(&spec_, &writer_, &why), &why);
    }

    void place(bool first, bool last)
    {
        CHECK_FOR_INTERRUPTS();
        BlockRef block;
        Position at = {0, first, last};
        check(writer_take(writer_, 0, &block, at), writer_failure(writer_));
        check(file_place(writer_, at, &block), writer_failure(writer_));
        take(block.bytes);
        block_boundary((uint64)out_.bytes);
    }

    void load_rows(const char *relation, MemoryContext cx, const BenchTask *t)
    {
        OptionList list = {};
        add_option(&list, "compression", "none");
        ForceQuote none = {};
        spec_ = {};
        parse_option_list(t->format, &list, &spec_.options, &none);
        execute_reading(t->only.oid, psprintf("SELECT * FROM %s", relation), 0, nullptr, nullptr);
        SPITupleTable *rows = SPI_tuptable; // lives until SPI_finish
        if (!rows)
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("\"relation\" of a benchmark's task gives no rows")));
        nrows_ = SPI_processed;
        uint32 n;
        const ColumnChoice *columns = choose_columns(rows->tupdesc, 0, true, &n);
        auto *origins = (ColumnOrigin *)palloc0(sizeof(ColumnOrigin) * rows->tupdesc->natts);
        binder_ = bind(cx, rows->tupdesc, origins, columns, n, bind_style(&spec_.options));
        ncells_ = n;
        cells_ = (Cell *)MemoryContextAllocHuge(cx, sizeof(Cell) * n * Max(nrows_, 1));
        TupleTableSlot *slot = MakeSingleTupleTableSlot(rows->tupdesc, &TTSOpsHeapTuple);
        for (uint64 i = 0; i < nrows_; i++) {
            CHECK_FOR_INTERRUPTS();
            ExecStoreHeapTuple(rows->vals[i], slot, false);
            bind_row(binder_, slot);
            memcpy(cells_ + i * n, binder_->cells, sizeof(Cell) * n);
            // What the row needed beside its tuple must outlive the next row.
            if (!binder_->row_cx->isReset)
                binder_->row_cx = AllocSetContextCreate(cx, "pg_spout row", ALLOCSET_SMALL_SIZES);
        }
        ExecDropSingleTupleTableSlot(slot);
    }

    Spec spec_;
    Allocator allocator_;
    Binder *binder_;
    Writer *writer_; // owned by cleanup_
    MemoryContextCallback cleanup_;
    Cell *cells_; // nrows_ x ncells_
    uint64 nrows_;
    uint32 ncells_;

  protected:
    BenchOutput out_;
};

// --- core: a reader alone
// ------------------------------------------------------------------------------------

// What Encode made in setup is read back from memory.
class Decode : public Encode
{
  public:
    void setup(const BenchTask *t) override
    {
        Encode::setup(t);
        MemoryContextSwitchTo(CurTransactionContext);
        initStringInfo(&file_);
        Encode::run(t, 0);
        ending_.func = [](void *arg) {
            auto *d = static_cast<Decode *>(arg);
            reader_free(d->reader_);
            d->reader_ = nullptr;
        };
        ending_.arg = this;
        reader_ = nullptr;
        MemoryContextRegisterResetCallback(CurTransactionContext, &ending_);
    }

    void run(const BenchTask *t, uint64) override
    {
        at_ = 0;
        ReadOps ops = {[](void *arg, void *to, size_t n) {
                           auto *d = static_cast<Decode *>(arg);
                           size_t take = Min(n, (size_t)d->file_.len - d->at_);
                           memcpy(to, d->file_.data + d->at_, take);
                           d->at_ += take;
                           return (int64_t)take;
                       },
                       this};
        Failure why;
        ReadAs as = {t->format, nullptr, true, '"', '"', false, 0, nullptr, &kThreadAllocator};
        check(reader_open(&ops, &as, &reader_, &why), &why);
        for (bool more = true; more;) {
            CHECK_FOR_INTERRUPTS();
            check(reader_next(reader_, &more, &why), &why);
        }
        ReadStats s;
        reader_stats(reader_, &s);
        reader_free(reader_);
        reader_ = nullptr;
        out_ = {(int64)s.rows, (int64)s.bytes, s.crc32c};
    }

  protected:
    void take(BytesRef b) override
    {
        Encode::take(b);
        appendBinaryStringInfo(&file_, (const char *)b.p, (int)b.n);
    }

  private:
    StringInfoData file_;
    size_t at_;
    Reader *reader_; // owned by ending_
    MemoryContextCallback ending_;
};

// --- SQL
// -----------------------------------------------------------------------------------------------------

const char *replaced(const char *sql, const char *path)
{
    StringInfoData s;
    initStringInfo(&s);
    const char *at = sql, *mark;
    for (; (mark = strstr(at, "{out}")); at = mark + 5) {
        appendBinaryStringInfo(&s, at, (int)(mark - at));
        appendStringInfoString(&s, path);
    }
    appendStringInfoString(&s, at);
    return s.data;
}

// An Avro file ends with its sync marker, which is random unless it was given.
constexpr int kMarker = 16;

bool avro_marker(int fd, char *marker)
{
    char magic[4];
    off_t end = lseek(fd, 0, SEEK_END);
    return end > kMarker && pread(fd, magic, sizeof magic, 0) == sizeof magic &&
           memcmp(magic, "Obj\1", sizeof magic) == 0 && pread(fd, marker, kMarker, end - kMarker) == kMarker;
}

// Rounds are compared by what they wrote; what is random in a file, the sync marker, counts as zeros. Such a
// marker may lie across two pieces: the last bytes of one wait for the next.
uint32 file_crc(const char *path, int64 *bytes)
{
    constexpr size_t kPiece = 1024 * 1024;
    uint32 crc = 0;
    char marker[kMarker];
    int fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
    if (fd < 0) return 0;
    bool masked = avro_marker(fd, marker);
    lseek(fd, 0, SEEK_SET);
    char *piece = (char *)palloc(kPiece);
    size_t held = 0;
    for (ssize_t n; (n = read(fd, piece + held, kPiece - held)) > 0;) {
        CHECK_FOR_INTERRUPTS();
        *bytes += n;
        held += (size_t)n;
        char *at = piece;
        while (masked && (at = (char *)memmem(at, piece + held - at, marker, kMarker)))
            at = (char *)memset(at, 0, kMarker) + kMarker;
        size_t done = masked ? held - Min(held, (size_t)kMarker - 1) : held;
        crc = crc32c(crc, (const uint8_t *)piece, done);
        held -= done;
        memmove(piece, piece + done, held);
    }
    crc = crc32c(crc, (const uint8_t *)piece, held);
    pfree(piece);
    CloseTransientFile(fd);
    return crc;
}

class Sql : public Benchmark
{
  public:
    void setup(const BenchTask *t) override
    {
        if (t->setup_sql) execute_sql(t->setup_sql, 0, nullptr, nullptr);
    }

    void run(const BenchTask *t, uint64 loop) override
    {
        path_[0] = '\0';
        const char *sql = t->run_sql;
        if (t->directory && strstr(sql, "{out}")) {
            pg_snprintf(path_, sizeof path_, "%s/out_" UINT64_FORMAT, t->directory, loop);
            sql = replaced(sql, path_);
        }
        execute_reading(t->only.oid, sql, t->nargs, t->arg_types, t->args);
        rows_ = count_rows();
        if (SPI_tuptable && !t->keep_result) SPI_freetuptable(SPI_tuptable);
    }

    BenchOutput output(const BenchTask *) override
    {
        BenchOutput o = {rows_, -1, 0};
        if (path_[0]) {
            o.bytes = 0;
            o.crc32c = file_crc(path_, &o.bytes);
        }
        return o;
    }

    const char *first_row(MemoryContext cx) override
    {
        if (!SPI_tuptable || SPI_tuptable->numvals == 0) return nullptr;
        Datum row = heap_copy_tuple_as_datum(SPI_tuptable->vals[0], BlessTupleDesc(SPI_tuptable->tupdesc));
        return MemoryContextStrdup(cx, TextDatumGetCString(OidFunctionCall1(F_ROW_TO_JSON_RECORD, row)));
    }

    void teardown(const BenchTask *t) override
    {
        if (t->teardown_sql) execute_sql(t->teardown_sql, 0, nullptr, nullptr);
    }

  private:
    // Of export functions: what they say they wrote; else the rows of the statement.
    static int64 count_rows()
    {
        int column = SPI_tuptable ? SPI_fnumber(SPI_tuptable->tupdesc, "rows") : 0;
        if (column <= 0 || SPI_gettypeid(SPI_tuptable->tupdesc, column) != INT8OID)
            return (int64)SPI_processed;
        int64 rows = 0;
        for (uint64 i = 0; i < SPI_processed; i++) {
            bool null;
            Datum d = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, column, &null);
            if (!null) rows += DatumGetInt64(d);
        }
        return rows;
    }

    char path_[MAXPGPATH];
    int64 rows_;
};

Encode encodes[2];
Decode decodes[2];
Sql sqls[2];
const struct {
    const char *kind;
    Benchmark *two[2];
} kKinds[] = {{"encode", {&encodes[0], &encodes[1]}},
              {"decode", {&decodes[0], &decodes[1]}},
              {"sql", {&sqls[0], &sqls[1]}}};
} // namespace

Benchmark *find_benchmark(const char *kind, int which)
{
    for (const auto &k : kKinds)
        if (strcmp(k.kind, kind) == 0) return k.two[which];
    return nullptr;
}
} // namespace spout
