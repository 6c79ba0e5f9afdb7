// compile.cpp - matches columns with fields by name, and picks each column's writer once.
#include "format/avro/compile.hpp"

#include "base/error.hpp"
#include "format/avro/hot.hpp"
#include "format/avro/names.hpp"

#include "base/no_postgres.hpp"

namespace spout::avro
{
namespace
{
class Compiler
{
  public:
    Compiler(const RowType &row, const Options &o) : row_(row), o_(o) {}
    bool record(const Field *f, uint32_t n, const Node &, std::vector<Step> &out, bool columns);
    const std::string &reason() const { return reason_; }

  private:
    // `inner`: dimensions left of an array some of whose are outside; 0: the value is whole.
    bool value(const Type &, const Node &, Step &, uint32_t inner = 0);
    bool branch(const Type &, const Node &, Step &, const Writers **, uint32_t inner);
    bool array(const Type &, const Node &, Step &, uint32_t inner);
    bool nested(const Type &, const Node &, Step &, const Writers **, uint32_t inner);
    uint32_t dimensions(const Type &, const Node &) const;
    bool no(const Type &t, const Node &n)
    {
        reason_ = "type " + std::string(t.sql_name) + " cannot be written as Avro " + label(n);
        return false;
    }

    const RowType &row_;
    const Options &o_;
    std::string reason_; // why the last attempt failed
    std::string path_;   // of the column or attribute being compiled, as array_dimensions calls it
};

void list_name(std::string &list, std::string_view name)
{
    list += (list.empty() ? "\"" : ", \"") + std::string(name) + '"';
}

void add_note(std::string &notes, const std::string &note)
{
    if (note.empty() || notes.find(note) != notes.npos) return;
    notes += (notes.empty() ? "" : "; ") + note;
}

// The array among the types that a value can have here; null: there is none.
const Node *array_of(const Node &n)
{
    if (n.tag == Tag::array) return &n;
    for (const Node *b : n.branches)
        if (b->tag == Tag::array) return b;
    return nullptr;
}

// A schema that was given says it by itself: what is in its arrays of arrays are no arrays, unless the
// elements are of a domain over an array.
uint32_t Compiler::dimensions(const Type &t, const Node &n) const
{
    if (!o_.schema || t.element->kind == Kind::array) return row_.dimensions_of(t);
    uint32_t levels = 1;
    for (const Node *inner = array_of(*n.items); inner; inner = array_of(*inner->items))
        levels++;
    return levels;
}

bool Compiler::array(const Type &t, const Node &n, Step &s, uint32_t inner)
{
    uint32_t left = inner ? inner : dimensions(t, n);
    s.deeper = left - 1;
    if (!o_.schema && o_.profile != Profile::bigquery) s.path = path_;
    s.lossy = "lower bounds of arrays are not kept";
    s.parts.resize(1);
    return s.deeper ? value(t, *n.items, s.parts[0], s.deeper) : value(*t.element, *n.items, s.parts[0]);
}

bool Compiler::nested(const Type &t, const Node &n, Step &s, const Writers **w, uint32_t inner)
{
    // hstore's values are nullable text; its Type has no element.
    static constexpr Type kText = {Kind::text, Repr::text, -1,      0, "text", nullptr,
                                   nullptr,    nullptr,    nullptr, 0, 0};
    *w = nested_writers(n.tag);
    if (n.tag == Tag::record) {
        if (!record(t.fields, t.nfields, n, s.parts, false)) return false;
    } else if (n.tag == Tag::array) {
        if (!array(t, n, s, inner)) return false;
    } else {
        s.parts.resize(1);
        if (!value(kText, *n.items, s.parts[0])) return false;
    }
    for (const Step &part : s.parts)
        add_note(s.lossy, part.lossy);
    return true;
}

// One type, not a union.
bool Compiler::branch(const Type &t, const Node &n, Step &s, const Writers **w, uint32_t inner)
{
    s.type = &t;
    s.node = &n;
    bool json = t.kind == Kind::json || t.kind == Kind::jsonb || t.kind == Kind::json_text;
    if ((n.tag == Tag::array && t.kind == Kind::array) || (n.tag == Tag::map && t.kind == Kind::map) ||
        (n.tag == Tag::record && t.kind == Kind::record))
        return nested(t, n, s, w, inner);
    if (n.tag == Tag::array || n.tag == Tag::map || (n.tag == Tag::record && !json)) return no(t, n);
    *w = n.tag == Tag::record ? json_writers(t, n, s) : scalar_writers(t, n, s);
    return *w || no(t, n);
}

bool Compiler::value(const Type &t, const Node &n, Step &s, uint32_t inner)
{
    Step fresh;
    fresh.on_infinity = o_.on_infinity;
    fresh.on_nan = o_.on_nan;
    fresh.floor_millis = !o_.schema; // a profile that keeps milliseconds was asked for
    fresh.column = s.column;
    const Writers *w = nullptr;
    s = fresh;
    if (n.tag != Tag::choice) {
        if (!branch(t, n, s, &w, inner)) return false;
        s.emit = w->required;
        s.hot = w->hot;
        return true;
    }
    int32_t null_branch = -1;
    for (uint32_t i = 0; i < n.branches.size(); i++)
        if (n.branches[i]->tag == Tag::null) null_branch = static_cast<int32_t>(i);
    for (uint32_t i = 0; i < n.branches.size(); i++) {
        if (static_cast<int32_t>(i) == null_branch) continue;
        s = fresh;
        if (!branch(t, *n.branches[i], s, &w, inner)) continue;
        s.branch = i;
        s.null_branch = null_branch;
        bool usual = null_branch == 0 && i == 1;
        s.emit = usual ? w->optional : w->choice;
        s.hot = usual ? w->hot : Hot::none;
        s.lead = 1;
        return true;
    }
    return reason_.empty() || n.branches.size() > 2 ? no(t, n) : false;
}

bool Compiler::record(const Field *f, uint32_t n, const Node &node, std::vector<Step> &out, bool columns)
{
    std::vector<std::string_view> sql_names(n);
    for (uint32_t i = 0; i < n; i++)
        sql_names[i] = f[i].name;
    std::vector<std::string> names = unique_names(sql_names);
    std::unordered_map<std::string_view, uint32_t> by_name;
    for (uint32_t i = 0; i < n; i++)
        by_name.emplace(names[i], i);

    std::string unknown, missing;
    std::vector<Step> steps(node.fields.size());
    for (size_t k = 0; k < steps.size(); k++) {
        auto found = by_name.find(node.fields[k].name);
        if (found == by_name.end()) {
            list_name(unknown, node.fields[k].name);
            continue;
        }
        steps[k].column = found->second;
        by_name.erase(found);
    }
    for (uint32_t i = 0; i < n; i++)
        if (by_name.count(names[i])) list_name(missing, names[i]);
    if (!unknown.empty() || !missing.empty()) {
        reason_ = "fields of Avro " + label(node) + " and columns do not match";
        if (!unknown.empty()) reason_ += "; fields without a column: " + unknown;
        if (!missing.empty()) reason_ += "; columns without a field: " + missing;
        return false;
    }
    const size_t before = path_.size();
    for (size_t k = 0; k < steps.size(); k++) {
        reason_.clear();
        path_.resize(before);
        path_ += (before ? "." : "") + std::string(f[steps[k].column].name);
        const Field &column = f[steps[k].column];
        if (value(*column.type, *node.fields[k].type, steps[k])) {
            steps[k].proved_required = column.required && !o_.schema;
            continue;
        }
        if (!columns) return false;
        Error e(Code::bad_value, reason_);
        e.column = static_cast<int32_t>(steps[k].column);
        throw e;
    }
    path_.resize(before);
    out = std::move(steps);
    return true;
}

// Hands out room from the end of the row to its beginning; returns what the step itself may write.
uint32_t lay_out(Step &s, uint32_t tail)
{
    s.tail = tail;
    if (s.parts.empty()) return s.fixed;
    if (s.node->tag != Tag::record) {
        lay_out(s.parts[0], tail + kFixedRoom); // the end marker comes behind the last item
        return s.fixed;
    }
    s.fixed = kFixedRoom;
    for (size_t i = s.parts.size(); i-- > 0;) {
        uint32_t own = lay_out(s.parts[i], tail);
        tail += own;
        s.fixed += own;
    }
    return s.fixed;
}
} // namespace

uint8_t *write_stored_cell(const Step &s, uint64_t value, bool null, Sink &out, uint8_t *p)
{
    Cell c;
    c.null = null;
    if (!null && !read_stored(s.stored.form, value, &c)) return nullptr;
    return write_step(s, c, out, p);
}

Plan compile(const RowType &row, const Schema &schema, const Options &o)
{
    Plan plan;
    if (schema.root->tag != Tag::record)
        throw Error(Code::bad_value, "the schema of rows must be a record, not " + label(*schema.root));
    Compiler compiler(row, o);
    if (!compiler.record(row.fields, row.nfields, *schema.root, plan.steps, true))
        throw Error(Code::bad_value, compiler.reason(),
                    "Fields are matched by name with the columns as written without a schema; "
                    "describe_export shows those names.");
    for (size_t i = plan.steps.size(); i-- > 0;)
        plan.fixed += lay_out(plan.steps[i], plan.fixed);
    return plan;
}
} // namespace spout::avro
