// rights.cpp - the predefined roles. has_privs_of_role, never is_member_of_role: NOINHERIT must count.
#include "pg/server/rights.hpp"

extern "C" {
#include "catalog/pg_authid.h"
#include "utils/acl.h"
}

namespace spout
{
static const char kAnyoneCan[] =
    "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.";

void require_write_server_files()
{
    if (has_privs_of_role(GetUserId(), ROLE_PG_WRITE_SERVER_FILES)) return;
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg_copy_to_file_denied(), errhint(kAnyoneCan)));
}

void require_write_server_files(const char *function)
{
    if (has_privs_of_role(GetUserId(), ROLE_PG_WRITE_SERVER_FILES)) return;
    ereport(
        ERROR,
        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied for function %s", function),
         errdetail("Only roles with privileges of the \"%s\" role may write files on the server.",
                   "pg_write_server_files"),
         errhint(
             "GRANT pg_write_server_files TO %s; or use COPY ... TO STDOUT or psql's \\copy, which need no "
             "right.",
             quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

void require_execute_server_program()
{
    if (has_privs_of_role(GetUserId(), ROLE_PG_EXECUTE_SERVER_PROGRAM)) return;
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg_copy_to_program_denied(), errhint(kAnyoneCan)));
}

void require_read_server_files(const char *function)
{
    if (has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES)) return;
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied for function %s", function),
             errdetail("Only roles with privileges of the \"%s\" role may read files on the server.",
                       "pg_read_server_files"),
             errhint("GRANT pg_read_server_files TO %s;",
                     quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}
} // namespace spout
