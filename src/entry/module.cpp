// module.cpp - what happens when the library is loaded: cheap, and in workers too.
#include "bench/server/bench.hpp"
#include "entry/copy_hook.hpp"
#include "entry/preload_hint.hpp"
#include "pg/parallel/encode_node.hpp"
#include "pg/server/guc.hpp"
#include "pg/server/pg.hpp"

extern "C" {
PGDLLEXPORT void _PG_init(void);

void _PG_init(void)
{
    spout::define_settings();
    spout::register_encode_node();
    // pg_upgrade moves tables and must meet nothing but core.
    if (IsBinaryUpgrade) return;
    spout::install_copy_hook();
    spout::note_preload();
    if (process_shared_preload_libraries_in_progress) spout::preload_shared_ring();
}
}
