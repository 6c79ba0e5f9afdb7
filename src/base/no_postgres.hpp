// no_postgres.hpp - last include of every core source file: core knows no PostgreSQL (tools/check_layers.sh).
#ifdef PG_VERSION_NUM
#error "src/base, src/codec, src/format and src/engine must not include PostgreSQL headers"
#endif
