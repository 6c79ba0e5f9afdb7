/* magic.c - the module's magic block, in C: PostgreSQL 18 writes it with designated initialisers. */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;
