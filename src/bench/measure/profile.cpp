// profile.cpp - looks at memory when a pass starts, at block boundaries 16 MB apart, and when it ends.
// VmHWM counts shared memory, too: so it is reset at every step, and the private peak lies in a bracket.
#include "bench/measure/profile.hpp"
#include "bench/measure/contexts.hpp"
#include "bench/measure/host.hpp"
#include "pg/server/memory.hpp"

extern "C" {
#include "executor/executor.h"
}

namespace spout
{
namespace
{
constexpr uint64 kStepBytes = 16 * 1024 * 1024;
constexpr int kMaxSnapshots = 100;
constexpr uint32 kTop = 10; // sites, and memory contexts, of top_allocations

struct Snapshot {
    const char *at;
    uint64 bytes; // written so far
    int64 anon, contexts;
    double seconds;
};

struct Profile {
    bool os;            // /proc is there
    ProcessMemory last; // when the step began
    int64 anon_start;
    int64 low, high; // of the private peak: the largest of each step
    bool unreliable;
    uint64 last_step;
    double start;
    int nsnapshots;
    Snapshot snapshots[kMaxSnapshots];
    const Meter *meter;
};
Profile p;

void end_step(const char *at, uint64 bytes)
{
    ProcessMemory now = {};
    contexts_look();
    if (p.os && process_memory(&now)) {
        p.low = Max(p.low, now.high_water - now.file_shared);
        p.high = Max(p.high, now.high_water - p.last.file_shared);
        p.unreliable = p.unreliable || now.file_shared < p.last.file_shared;
        reset_high_water();
        p.last = now;
    }
    if (p.nsnapshots < kMaxSnapshots)
        p.snapshots[p.nsnapshots++] = {at, bytes, now.anon, contexts_growth(), wall_seconds() - p.start};
}

// Just before it ends, a statement holds most of its memory; small ones are not worth a look.
constexpr Size kLookFrom = 64 * 1024;
ExecutorEnd_hook_type next_end;
bool hooked, running;

void look_at_end(QueryDesc *q)
{
    if (running && MemoryContextMemAllocated(q->estate->es_query_cxt, true) > kLookFrom) contexts_look();
    (next_end ? next_end : standard_ExecutorEnd)(q);
}

void hook()
{
    if (!hooked) {
        next_end = ExecutorEnd_hook;
        ExecutorEnd_hook = look_at_end;
    }
    hooked = running = true;
}

void step(uint64 bytes)
{
    if (bytes < p.last_step + kStepBytes) return;
    p.last_step = bytes;
    end_step("step", bytes);
}
} // namespace

void profile_start()
{
    memset(&p, 0, sizeof p);
    p.start = wall_seconds();
    contexts_start();
    meter_start();
    p.os = process_memory(&p.last) && reset_high_water();
    p.anon_start = p.last.anon;
    p.snapshots[p.nsnapshots++] = {"start", 0, p.last.anon, 0, 0};
    on_block = step;
    hook();
}

void profile_stop(bool failed)
{
    if (!running) return;
    on_block = nullptr;
    running = false;
    p.meter = meter_stop();
    if (!failed) end_step("end", p.last_step);
}

static const char *base_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash ? slash + 1 : file;
}

static void put_sites(StringInfo s)
{
    put_key(s, "top_allocations");
    appendStringInfoChar(s, '[');
    for (uint32 i = 0; i < Min(p.meter->nsites, kTop); i++) {
        const MeterSite *site = &p.meter->sites[i];
        if (i) appendStringInfoString(s, ", ");
        appendStringInfoChar(s, '{');
        put_text(s, "site", psprintf("%s:%d", base_name(site->site.file), site->site.line));
        put_text(s, "file", site->site.file);
        put_integer(s, "line", site->site.line);
        put_integer(s, "size_diff", site->live);
        put_integer(s, "count_diff", site->allocations - site->releases);
        put_integer(s, "allocated", site->allocated);
        put_integer(s, "freed", site->freed);
        put_integer(s, "peak", site->peak);
        appendStringInfoChar(s, '}');
    }
    put_contexts(s, kTop);
    appendStringInfoChar(s, ']');
}

static void put_snapshots(StringInfo s)
{
    put_key(s, "snapshots");
    appendStringInfoChar(s, '[');
    for (int i = 0; i < p.nsnapshots; i++) {
        const Snapshot *each = &p.snapshots[i];
        if (i) appendStringInfoString(s, ", ");
        appendStringInfoChar(s, '{');
        put_text(s, "at", each->at);
        put_number(s, "seconds", each->seconds);
        put_integer(s, "bytes", (int64)each->bytes);
        if (p.os) put_integer(s, "private_memory", each->anon);
        put_integer(s, "contexts_growth", each->contexts);
        appendStringInfoChar(s, '}');
    }
    appendStringInfoChar(s, ']');
}

void put_profile(StringInfo s)
{
    const Meter *m = p.meter;
    // A statement without code of ours is seen from its memory contexts.
    bool ours = m->allocated > 0;
    int64 growth = contexts_growth();
    int64 allocated = ours ? m->allocated : contexts_peak();
    put_text(s, "memory_source", ours ? "meter" : "contexts");
    put_integer(s, "peak_memory", ours ? m->peak : allocated);
    put_integer(s, "allocated_memory", allocated);
    put_integer(s, "deallocated_memory", ours ? m->freed : allocated - Max(growth, 0));
    put_integer(s, "net_memory", ours ? m->allocated - m->freed : Max(growth, 0));
    put_integer(s, "context_growth", growth);
    put_sites(s);
    put_snapshots(s);
    if (!p.os) return;
    put_key(s, "os");
    appendStringInfoChar(s, '{');
    put_integer(s, "private_start", p.anon_start);
    put_integer(s, "peak_low", Max(p.low - p.anon_start, 0));
    put_integer(s, "peak_high", Max(p.high - p.anon_start, 0));
    put_integer(s, "total_high", p.high); // of the whole process
    put_bool(s, "unreliable", p.unreliable);
    appendStringInfoChar(s, '}');
}
} // namespace spout
