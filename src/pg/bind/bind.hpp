// bind.hpp - from Datums to Cells: the functions are chosen once per column, values are read in place.
// The Binder and everything it points to live in the export's leaf context; cells are borrowed from the
// tuple and from row_cx, and die with the next row.
#pragma once
#include "base/cell.hpp"
#include "base/schema.hpp"
#include "base/stored.hpp"
#include "pg/server/error.hpp"
#include "pg/server/pg.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "nodes/memnodes.h"
}

namespace spout
{
struct Binder;

// The query may change settings from row to row, and core prints each row under those of its moment. Where
// our own printing equals core's under the usual ones only, every row asks whether they still hold.
enum class Presumes : uint8 { nothing, iso_dates, hex_bytes };

// How one value of one type becomes a Cell. A tree for nested types.
struct Getter {
    void (*fetch)(Binder *, const Getter *, Datum, Cell *); // the Datum is not NULL
    const Type *type;
    FmgrInfo *function;   // output or conversion function, where one is called
    const Getter *child;  // array: of the elements
    const Getter *fields; // composite: of the live attributes, in order
    uint32 nfields;
    TupleDesc desc;       // composite
    const int16 *attnums; // composite: attribute index of each field
    Presumes presumes;
    void *cache;  // enum: labels by oid; timestamptz: the zone's offset
    int16 typlen; // array: of the elements
    bool typbyval;
    char typalign;
};

// How values are brought to the encoder, and for whom.
struct BindStyle {
    Style style;
    int encoding;            // of text: PG_UTF8 unless CSV says otherwise
    const char *null_string; // CSV: text equal to it is quoted; in the database encoding
    bool omit_nulls;         // json, xml
    bool column_names;       // are written
    bool type_names;         // likewise, of composites
};

BindStyle bind_style(const Options *);

struct Binder {
    RowType row;
    BindStyle style;
    uint32 ncolumns;
    const Getter *getters;           // per output column
    const StoredColumn *stored;      // per output column: where it is, and how it is read without its getter
    bool any_opaque;                 // some column cannot be
    Cell *cells;                     // per output column
    AttrNumber last_attnum;          // the highest that is read
    MemoryContext row_cx;            // detoasted and converted values of the current row
    bool needs_pinning;              // some column goes through an output function
    bool presumes_iso, presumes_hex; // some value does
    bool careful;                    // from the first row under other settings on: each value asks
    RowPosition at;
    const char **column_names; // in the database encoding, for messages
    uint8 *dimensions;         // RowType::dimensions; may be set until the writer is opened
    uint32 narrays;
    const uint32 *first_array; // per output column, and one more: its arrays come from here on
};

// Which column of the result goes where, under which name.
struct ColumnChoice {
    AttrNumber attnum; // of the result, from 1
    const char *name;  // in the database encoding
};
// The table column a result column comes from; relid InvalidOid when it is computed.
struct ColumnOrigin {
    Oid relid;
    AttrNumber attnum;
    bool never_null; // set where the option required asks for it
};

// Raises 0A000 for types that cannot be exported, and what catalog look-ups raise.
Binder *bind(MemoryContext cx, TupleDesc desc, const ColumnOrigin *origins, const ColumnChoice *columns,
             uint32 ncolumns, BindStyle);
// On to a row: its values are at hand, and what the one before had needed is freed.
inline void bind_next(Binder *b, TupleTableSlot *slot)
{
    b->at.row++;
    slot_getsomeattrs(slot, b->last_attnum);
    if (unlikely(!b->row_cx->isReset || b->row_cx->firstchild)) MemoryContextReset(b->row_cx);
}
// Fills binder->cells from that row. Errors carry row and column.
void bind_cells(Binder *, TupleTableSlot *);
// Fills only the cells of columns that hold an array whose dimensions are not known, the others with null.
void bind_unknown_arrays(Binder *, TupleTableSlot *);
bool any_unknown_array(const Binder *);
// encoding.cpp: what the option array_dimensions says of them.
void ask_dimensions(Binder *, const Options *);
// Both.
inline void bind_row(Binder *b, TupleTableSlot *slot)
{
    bind_next(b, slot);
    bind_cells(b, slot);
}

// bind_types.cpp: builds the getter and the Type of one SQL type; `from`: whose column it is.
void make_getter(Binder *, Oid typid, int32 typmod, ColumnOrigin from, Getter *out);
// bind_dimensions.cpp: what the array column, or the one it came from, was declared with. One dimension or
// none says nothing.
int declared_dimensions(ColumnOrigin);
// One more array in the row: its place in RowType::dimensions. 0: its dimensions are not known.
uint32 add_array(Binder *, int dimensions);
// bind_nested.cpp
void fetch_array(Binder *, const Getter *, Datum, Cell *);
void fetch_record(Binder *, const Getter *, Datum, Cell *);
void fetch_hstore(Binder *, const Getter *, Datum, Cell *);
// bind_scalar.cpp: the table of known types; null when the type has no getter of its own.
typedef void (*FetchFunction)(Binder *, const Getter *, Datum, Cell *);
FetchFunction scalar_getter(const Binder *, Oid typid, Kind *kind, Repr *repr);
Stored stored_form(FetchFunction);
void fetch_through_output(Binder *, const Getter *, Datum, Cell *);
void fetch_enum(Binder *, const Getter *, Datum, Cell *);
void fetch_row_json(Binder *, const Getter *, Datum, Cell *);
void fetch_jsonb_text(Binder *, const Getter *, Datum, Cell *);
void *build_enum_cache(Oid enumtypid);
const char *to_utf8(const char *s); // from the database encoding; SQL_ASCII is verified, else 22021
// Text in the database encoding into a cell in the binder's encoding.
void put_text(const Binder *, Cell *, const char *p, size_t n);
void put_output(const Binder *, Cell *, const char *cstring);

// bind_omit.cpp: as JSON text, for BindStyle::omit_nulls
void fetch_array_omitting(Binder *, const Getter *, Datum, Cell *);
void fetch_record_omitting(Binder *, const Getter *, Datum, Cell *);
// Also some pseudo-types that can be columns, as in pg_stats: the values know their own type.
bool is_json_array(Oid typid);
bool may_hold_composites(Oid typid); // is one, or an array of such, at any depth

// bind_mirror.cpp: getters of the formats that equal core's output. False: nothing special, bind as usual.
bool mirror_getter(Binder *, Oid typid, Type *, Getter *);
bool holds(Presumes);
// A value of a column, or of a part of one, that presumes something.
void fetch_presuming(Binder *, const Getter *, Datum, Cell *);
} // namespace spout
