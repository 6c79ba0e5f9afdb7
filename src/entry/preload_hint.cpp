// preload_hint.cpp - a NOTICE with the statement that makes COPY work in new sessions. It comes before the
// commit: while an extension's script runs, the server silences what is below a WARNING.
#include "entry/preload_hint.hpp"

#include "pg/server/pg.hpp"

extern "C" {
#include "access/xact.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "miscadmin.h"
}

namespace spout
{
static bool shared, waiting, registered;

static bool lists_us(const char *libraries) { return libraries && strstr(libraries, "pg_spout"); }

// A setting of the database replaces the one of the server: what is loaded now has to be named again.
static const char *new_setting()
{
    const char *now = session_preload_libraries_string;
    return now && *now ? psprintf("%s, pg_spout", now) : "'pg_spout'";
}

static void tell()
{
    if (shared || lists_us(session_preload_libraries_string) || lists_us(local_preload_libraries_string))
        return;
    if (!OidIsValid(get_extension_oid("pg_spout", true))) return; // dropped again
    ereport(NOTICE,
            (errmsg("new sessions will not know COPY in the formats of pg_spout until they load its library"),
             errhint("ALTER DATABASE %s SET session_preload_libraries = %s; then connect again.",
                     quote_identifier(get_database_name(MyDatabaseId)), new_setting())));
}

static void at_end(XactEvent event, void *)
{
    bool commits = waiting && event == XACT_EVENT_PRE_COMMIT;
    waiting = false;
    if (commits) tell();
}

void hint_at_commit()
{
    if (!registered) RegisterXactCallback(at_end, nullptr);
    registered = waiting = true;
}

void note_preload()
{
    shared = process_shared_preload_libraries_in_progress;
    if (creating_extension) hint_at_commit();
}
} // namespace spout
