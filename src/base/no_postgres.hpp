// no_postgres.hpp - last include of every core source file: core knows no PostgreSQL (design, layer rules).
#ifdef PG_VERSION_NUM
#error "src/core, src/format and src/codec must not include PostgreSQL headers"
#endif
