// wait.cpp - by poll(): WaitLatchOrSocket() makes a set of events for each call, which is a descriptor, and
// of those there may be none.
#include "pg/server/wait.hpp"

#include <poll.h>

extern "C" {
#include "storage/pmsignal.h"
#include "utils/wait_event.h"
}

namespace spout
{
// Signals end a wait; but one that comes just before it is seen only after this time.
constexpr int kStepMs = 100;

void check_postmaster()
{
    if (PostmasterIsAlive()) return;
    ereport(FATAL, (errcode(ERRCODE_ADMIN_SHUTDOWN),
                    errmsg("terminating connection due to unexpected postmaster exit")));
}

void wait_for_fd(int fd, short events)
{
    struct pollfd p = {fd, events, 0};
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        pgstat_report_wait_start(PG_WAIT_EXTENSION);
        int ready = poll(&p, 1, kStepMs);
        pgstat_report_wait_end();
        if (ready > 0) return;
        if (ready == 0) check_postmaster();
    }
}
} // namespace spout
