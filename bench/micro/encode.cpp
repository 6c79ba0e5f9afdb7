// encode.cpp - what encoding costs per row, without a server: rows shaped like the reference table
// records(id, created_at, name, value, metadata) through the wall into memory.
// Build: see bench/micro/run.sh. Prints nanoseconds per row: the best and the median of the runs.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/wall.hpp"

using namespace spout;

namespace
{
constexpr uint32_t kRows = 4096; // distinct rows, so that branch predictors cannot learn them by heart
constexpr int kRounds = 100;

uint64_t next_random()
{
    static uint64_t s = 88172645463325252;
    s ^= s << 13;
    s ^= s >> 7;
    return s ^= s << 17;
}

// jsonb as the server stores {"k": "text", "n": number, "tags": ["a", "b"], "ok": true}
class JsonbMaker
{
  public:
    static std::string record(uint32_t n)
    {
        std::string name = "user" + std::to_string(n), number = numeric(n % 100000), tags;
        put(tags, 0x40000000 | 2);
        put(tags, 3);
        put(tags, 4);
        tags += "redblue";
        std::string out, data = "nokktags"; // keys are sorted by length, then by bytes
        put(out, 0x20000000 | 4);
        put(out, 1); // n
        put(out, 2); // ok
        put(out, 1); // k
        put(out, 4); // tags
        std::string values;
        auto pad = [&](std::string &v) {
            size_t before = v.size();
            while ((data.size() + v.size()) % 4)
                v += '\0';
            return static_cast<uint32_t>(v.size() - before);
        };
        uint32_t padding = pad(values);
        put(out, 0x10000000 | (padding + static_cast<uint32_t>(number.size())));
        values += number;
        put(out, 0x30000000);
        put(out, static_cast<uint32_t>(name.size()));
        values += name;
        padding = pad(values);
        put(out, 0x50000000 | (padding + static_cast<uint32_t>(tags.size())));
        values += tags;
        return out + data + values;
    }

  private:
    static void put(std::string &s, uint32_t v) { s.append(reinterpret_cast<char *>(&v), 4); }
    static std::string numeric(uint32_t n)
    {
        std::string s;
        uint16_t header = n >= 10000 ? 0x8001 : 0x8000, high = static_cast<uint16_t>(n / 10000),
                 low = static_cast<uint16_t>(n % 10000);
        put(s, (n >= 10000 ? 10u : 8u) << 2);
        s.append(reinterpret_cast<char *>(&header), 2);
        if (n >= 10000) s.append(reinterpret_cast<char *>(&high), 2);
        s.append(reinterpret_cast<char *>(&low), 2);
        return s;
    }
};

struct Data {
    std::vector<std::string> names, jsonbs;
    std::vector<std::vector<int16_t>> digits;
    std::vector<Cell> cells;
};

Cell text(const std::string &s)
{
    Cell c = {};
    c.s = {s.data(), static_cast<uint32_t>(s.size())};
    return c;
}

void fill(Data &d)
{
    for (uint32_t i = 0; i < kRows; i++) {
        d.names.push_back("customer number " + std::string(next_random() % 20, 'x'));
        d.jsonbs.push_back(JsonbMaker::record(static_cast<uint32_t>(next_random() % 1000000)));
        d.digits.push_back({static_cast<int16_t>(1 + next_random() % 99),
                            static_cast<int16_t>(next_random() % 10000),
                            static_cast<int16_t>(next_random() % 10000)});
    }
    for (uint32_t i = 0; i < kRows; i++) {
        Cell id = {}, created = {}, value = {};
        id.i = 1000000 + i;
        created.i = 757382400000000 + static_cast<int64_t>(next_random() % 31536000000000);
        value.num = {reinterpret_cast<const char *>(d.digits[i].data()), 3, 1, 4, Sign::plus};
        for (const Cell &c : {id, created, text(d.names[i]), value, text(d.jsonbs[i])})
            d.cells.push_back(c);
    }
}

void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

// Nanoseconds per row of one round.
double round_of(Writer *w, const Data &d, uint64_t *bytes)
{
    auto start = std::chrono::steady_clock::now();
    for (uint32_t i = 0; i < kRows; i++) {
        if (writer_add(w, &d.cells[size_t{5} * i], 5) != Code::ok) fail(writer_failure(w)->message);
        if (!writer_full(w)) continue;
        BlockRef b;
        if (writer_take(w, 0, &b) != Code::ok) fail("take");
        *bytes += b.bytes.n;
    }
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / kRows;
}

void measure(const char *codec, const Data &d, uint32_t columns)
{
    static const Type id = {Kind::int8, Repr::integer, -1,      0, "bigint", nullptr,
                            nullptr,    nullptr,       nullptr, 0, nullptr,  0};
    static const Type at = {Kind::timestamptz,
                            Repr::integer,
                            -1,
                            0,
                            "timestamp with time zone",
                            nullptr,
                            nullptr,
                            nullptr,
                            nullptr,
                            0,
                            nullptr,
                            0};
    static const Type name = {Kind::text, Repr::text, -1,      0, "text",  nullptr,
                              nullptr,    nullptr,    nullptr, 0, nullptr, 0};
    static const Type value = {Kind::numeric, Repr::digits, 18,      4, "numeric(18,4)", nullptr,
                               nullptr,       nullptr,      nullptr, 0, nullptr,         0};
    static const Type json = {Kind::jsonb, Repr::jsonb, -1,      0, "jsonb", nullptr,
                              nullptr,     nullptr,     nullptr, 0, nullptr, 0};
    static const Field fields[] = {
        {"id", &id}, {"created_at", &at}, {"name", &name}, {"value", &value}, {"metadata", &json}};
    Failure why;
    Spec spec = {};
    static const Allocator plain = {[](void *, size_t n) { return malloc(n); },
                                    [](void *, void *p) { free(p); }, nullptr};
    spec.allocator = &plain;
    spec.row = {"public", "records", fields, columns};
    const RawOption options[] = {{"compression", codec}};
    Writer *w;
    if (options_parse("avro", options, 1, &spec.options, &why) != Code::ok) fail(why.message);
    if (writer_open(&spec, &w, &why) != Code::ok) fail(why.message);
    uint64_t bytes = 0;
    std::vector<double> rounds;
    for (int i = 0; i < kRounds; i++)
        rounds.push_back(round_of(w, d, &bytes));
    std::sort(rounds.begin(), rounds.end());
    printf("%-10s %u columns: %6.1f ns/row best, %6.1f median; %5.1f bytes/row\n", codec, columns,
           rounds.front(), rounds[kRounds / 2], static_cast<double>(bytes) / kRows / kRounds);
    writer_free(w);
}
} // namespace

int main()
{
    Data d;
    fill(d);
    for (uint32_t columns = 1; columns <= 5; columns++)
        measure("null", d, columns);
    for (const char *codec : {"snappy", "zstandard", "deflate"})
        measure(codec, d, 5);
}
