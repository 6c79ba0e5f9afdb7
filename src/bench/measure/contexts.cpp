// contexts.cpp - a walk over the tree of contexts; allocates nothing, so that it does not measure itself.
#include "bench/measure/contexts.hpp"

extern "C" {
#include "nodes/memnodes.h"
}

namespace spout
{
namespace
{
// All contexts of a name; what they held at the start is taken off.
struct Named {
    char name[NAMEDATALEN];
    int64 bytes, contexts, peak;
    int64 bytes_start, contexts_start;
};
constexpr int kRoom = 200;
Named all[kRoom]; // the last one takes what finds no place
int n;
int64 held_start, growth, peak; // without caches

// Hash tables are all named alike, but tell what they are for.
const char *name_of(MemoryContext cx)
{
    return cx->ident && strcmp(cx->name, "dynahash") == 0 ? cx->ident : cx->name;
}

Named *entry(const char *name)
{
    for (int i = 0; i < n; i++)
        if (strncmp(all[i].name, name, NAMEDATALEN - 1) == 0) return &all[i];
    if (n == kRoom) return &all[kRoom - 1];
    all[n] = {};
    strlcpy(all[n].name, n == kRoom - 1 ? "others" : name, NAMEDATALEN);
    return &all[n++];
}

// What a fresh process fills once and keeps on purpose.
bool is_cache(MemoryContext cx)
{
    for (; cx; cx = cx->parent)
        if (cx == CacheMemoryContext || strcmp(cx->name, "dynahash") == 0 ||
            strncmp(cx->name, "PgStat", 6) == 0)
            return true;
    return false;
}

MemoryContext next(MemoryContext cx)
{
    if (cx->firstchild) return cx->firstchild;
    while (cx && !cx->nextchild)
        cx = cx->parent;
    return cx ? cx->nextchild : nullptr;
}

// What all but caches hold.
int64 walk()
{
    int64 held = 0;
    for (MemoryContext cx = TopMemoryContext; cx; cx = next(cx)) {
        Named *e = entry(name_of(cx));
        e->bytes += (int64)cx->mem_allocated;
        e->contexts++;
        if (!is_cache(cx)) held += (int64)cx->mem_allocated;
    }
    return held;
}

int by_growth(const void *a, const void *b)
{
    auto *x = static_cast<const Named *>(a), *y = static_cast<const Named *>(b);
    if (x->bytes != y->bytes) return x->bytes > y->bytes ? -1 : 1;
    return x->peak > y->peak ? -1 : x->peak < y->peak;
}
} // namespace

void contexts_start()
{
    n = 0;
    growth = peak = 0;
    held_start = walk();
    for (int i = 0; i < n; i++) {
        all[i].bytes_start = all[i].bytes;
        all[i].contexts_start = all[i].contexts;
    }
}

void contexts_look()
{
    for (int i = 0; i < n; i++) {
        all[i].bytes = -all[i].bytes_start;
        all[i].contexts = -all[i].contexts_start;
    }
    growth = walk() - held_start;
    for (int i = 0; i < n; i++)
        all[i].peak = Max(all[i].peak, all[i].bytes);
    peak = Max(peak, growth);
}

int64 contexts_growth() { return growth; }
int64 contexts_peak() { return peak; }

void put_contexts(StringInfo s, int most)
{
    Named sorted[kRoom];
    memcpy(sorted, all, sizeof *all * n);
    qsort(sorted, n, sizeof *sorted, by_growth);
    for (int i = 0; i < Min(n, most) && sorted[i].peak > 0; i++) {
        if (s->data[s->len - 1] != '[') appendStringInfoString(s, ", ");
        appendStringInfoChar(s, '{');
        put_text(s, "context", sorted[i].name);
        put_integer(s, "size_diff", sorted[i].bytes);
        put_integer(s, "count_diff", sorted[i].contexts);
        put_integer(s, "peak", sorted[i].peak);
        appendStringInfoChar(s, '}');
    }
}
} // namespace spout
