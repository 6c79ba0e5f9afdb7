// module.cpp - what happens when the library is loaded: cheap, and in workers too.
#include "entry/copy_hook.hpp"
#include "pg/encode_node.hpp"
#include "pg/guc.hpp"
#include "pg/pg.hpp"

extern "C" {
PGDLLEXPORT void _PG_init(void);

void _PG_init(void)
{
    spout::define_settings();
    spout::register_encode_node();
    // pg_upgrade moves tables and must meet nothing but core.
    if (!IsBinaryUpgrade) spout::install_copy_hook();
}
}
