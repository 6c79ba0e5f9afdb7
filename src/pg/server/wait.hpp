// wait.hpp - waiting that serves interrupts and needs nothing that may be used up.
#pragma once
#include "pg/server/pg.hpp"

namespace spout
{
// Until `events` (of poll) happen on the descriptor, as far as an interrupt does not end it all.
void wait_for_fd(int fd, short events);
// FATAL when the server has gone: nobody would end this process, and nothing it does has a meaning any more.
void check_postmaster();
} // namespace spout
