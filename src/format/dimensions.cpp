// dimensions.cpp - how many dimensions the values of an array have: what the option array_dimensions says,
// and what a row shows. The server keeps no such number with a type, and what a column was declared with is a
// comment to it: the glue believes it where it says more than one, and asks here for the rest.
#include "format/dimensions.hpp"

#include "base/error.hpp"
#include "base/parse.hpp"
#include "format/text/json_tree.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr uint64_t kMostDimensions = 6; // of an array in PostgreSQL
constexpr size_t kLongList = 500;       // bytes of a hint

// Calls visit(path, type) for every array in values of this type; a path has the names of columns and
// attributes. Elements of a domain over an array are arrays without a path.
template <typename Visit> void each_array(const Type *t, const std::string &path, const Visit &visit)
{
    if (t->kind == Kind::array) visit(path, *t);
    while (t->kind == Kind::array)
        t = t->element;
    for (uint32_t i = 0; i < t->nfields; i++)
        each_array(t->fields[i].type, path + '.' + t->fields[i].name, visit);
}

template <typename Visit> void each_array(const RowType &row, const Visit &visit)
{
    for (uint32_t i = 0; i < row.nfields; i++)
        each_array(row.fields[i].type, row.fields[i].name, visit);
}

[[noreturn]] void invalid(const std::string &why)
{
    throw Error(Code::bad_value, "invalid value for option \"array_dimensions\": " + why,
                "Use a JSON object such as {\"matrix\": 2, \"address.lines\": 1}: columns, or attributes of "
                "composites in them, and how many dimensions their arrays have.");
}

[[noreturn]] void unknown(const RowType &row, const std::string &path)
{
    std::string all;
    each_array(row, [&](const std::string &p, const Type &) {
        if (all.size() < kLongList) all += (all.empty() ? "\"" : ", \"") + p + '"';
    });
    throw Error(Code::bad_value, "option \"array_dimensions\" names \"" + path + "\", which is no array here",
                all.empty() ? "This export has no arrays." : "Arrays of this export: " + all + ".");
}

void ask(const RowType &row, const std::string &path, uint8_t n, uint8_t *dimensions)
{
    bool found = false;
    each_array(row, [&](const std::string &p, const Type &t) {
        if (p != path) return;
        dimensions[t.array] = n;
        found = true;
    });
    if (!found) unknown(row, path);
}

// Learns from one value.
void learn(const Type &t, const Cell &c, uint8_t *dimensions)
{
    if (c.null || c.list.n == 0) return;
    if (t.kind == Kind::record)
        for (uint32_t i = 0; i < t.nfields; i++)
            if (t.fields[i].type->repr == Repr::list) learn(*t.fields[i].type, c.list.cells[i], dimensions);
    if (t.kind != Kind::array) return;
    if (!dimensions[t.array]) dimensions[t.array] = static_cast<uint8_t>(c.list.deeper + 1);
    if (t.element->repr != Repr::list) return;
    for (uint32_t i = 0; i < c.list.n; i++)
        learn(c.list.deeper ? t : *t.element, c.list.cells[i], dimensions);
}
} // namespace

std::map<std::string, uint8_t> parse_dimensions(const char *text)
{
    json::Value root;
    try {
        root = json::parse(text);
    } catch (const Error &) {
        invalid("not valid JSON");
    }
    if (root.tag != json::Tag::object) invalid("not a JSON object");
    std::map<std::string, uint8_t> all;
    for (size_t i = 0; i < root.keys.size(); i++) {
        const json::Value &v = root.items[i];
        uint64_t n = 0;
        if (v.tag != json::Tag::number || !parse_u64(v.text.c_str(), &n) || n < 1 || n > kMostDimensions)
            invalid("\"" + root.keys[i] + "\" needs a number from 1 to " + std::to_string(kMostDimensions));
        if (!all.emplace(root.keys[i], static_cast<uint8_t>(n)).second)
            invalid("\"" + root.keys[i] + "\" is given twice");
    }
    return all;
}

void ask_dimensions(const RowType &row, const char *json, uint8_t *dimensions)
{
    for (auto &asked : parse_dimensions(json))
        ask(row, asked.first, asked.second, dimensions);
}

void learn_dimensions(const RowType &row, const Cell *cells, uint8_t *dimensions) noexcept
{
    for (uint32_t i = 0; i < row.nfields; i++)
        if (row.fields[i].type->repr == Repr::list) learn(*row.fields[i].type, cells[i], dimensions);
}
} // namespace spout
