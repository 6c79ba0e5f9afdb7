// rights.hpp - who may touch server files; the check comes before any side effect.
#pragma once
#include "pg/server/pg.hpp"

namespace spout
{
void require_write_server_files();                     // 42501 in core COPY's words for this server version
void require_write_server_files(const char *function); // the same of a function, which names its way out
void require_execute_server_program();                 // likewise
void require_read_server_files(const char *function);  // 42501, likewise
} // namespace spout
