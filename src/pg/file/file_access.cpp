// file_access.cpp - permission bits and groups of new files: what the options say; else what the replaced
// file had, so that whoever could read it still can; else the 0644 of core's COPY, and the process's group.
#include <cerrno>
#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

#include "pg/server/error.hpp"
#include "pg/file/sink.hpp"

namespace spout
{
namespace
{
constexpr mode_t kModeOfCopy = 0644;

bool parse_gid(const char *s, gid_t *gid)
{
    uint64 n = 0;
    if (!*s) return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9' || n > UINT32_MAX) return false;
        n = n * 10 + (uint64)(*s - '0');
    }
    *gid = (gid_t)n;
    return n < UINT32_MAX; // which says "leave it" to chown
}

// A file that is about to be replaced, by this export or by its shape.
bool replaced_name(const FileSink *s, const char *name, struct stat *st)
{
    return fstatat(s->dirfd, name, st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st->st_mode);
}

// The first of a set tells what its others, and the manifest, are like; or the file in whose place the set
// comes; or, the other way round, the first of a set in whose place one file comes.
void learn_from(FileSink *s, const struct stat *old)
{
    struct stat st;
    Name name;
    if (!old && s->target.rotated && replaced_name(s, s->base, &st)) old = &st;
    if (!old && !s->target.rotated && rotated_name(s->base, 0, name) && replaced_name(s, name, &st))
        old = &st;
    if (old) s->like = {true, old->st_mode, old->st_gid};
}

// False with errno. Nothing is asked of file systems and accounts for what is so already.
bool give(int fd, gid_t gid)
{
    struct stat st;
    return fstat(fd, &st) == 0 && (st.st_gid == gid || fchown(fd, (uid_t)-1, gid) == 0);
}

[[noreturn]] void raise_no_group(const FileSink *s, uint32 index)
{
    int err = errno;
    const char *path = final_path(s, index);
    errno = err;
    ereport(ERROR,
            (errcode(file_sqlstate(err)),
             errmsg("could not give file \"%s\" to group \"%s\": %m", path, from_utf8(s->target.group)),
             errhint("The account of the server process must be a member of the group; it becomes one when "
                     "the server is started again.")));
    pg_unreachable();
}
} // namespace

void find_group(FileSink *s)
{
    if (!s->target.group) return;
    const char *name = from_utf8(s->target.group);
    const struct group *g = getgrnam(name);
    if (g)
        s->gid = g->gr_gid;
    else if (!parse_gid(name, &s->gid))
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_OBJECT),
                 errmsg("group \"%s\" does not exist on the server's host", name),
                 errhint("The option file_group takes the name or the number of a group of the operating "
                         "system, not of a role.")));
    // A file of no name tells before the query runs; where there are none, the first file does.
    int fd = counted_openat(s->dirfd, ".", O_TMPFILE | O_RDWR, 0600);
    bool refused = fd != kNoFd && !give(fd, s->gid);
    int err = errno;
    drop(&fd);
    errno = err;
    if (refused) raise_no_group(s, 0);
}

void set_access(FileSink *s, uint32 index, const struct stat *old)
{
    if (index == 0) learn_from(s, old);
    FileSink::Access like = s->like;
    bool lost = false;
    if (old) like = {true, old->st_mode, old->st_gid};
    if (s->target.group) {
        if (!give(s->fd, s->gid)) raise_no_group(s, index);
    } else if (like.known && !give(s->fd, like.gid)) {
        lost = true;
        if (!s->any_lost_group) s->lost_group = like.gid;
        s->any_lost_group = true;
    }
    mode_t mode = like.known ? like.mode & 0777 : kModeOfCopy;
    // What one group was allowed, another is not.
    if (lost) mode = (mode & ~(mode_t)0070) | ((mode & 0007) << 3);
    if (s->target.mode >= 0) mode = (mode_t)s->target.mode;
    if (fchmod(s->fd, mode) != 0) raise_file_error(errno, "set permissions of file", final_path(s, index));
}

void warn_of_lost_group(const FileSink *s)
{
    if (!s->any_lost_group) return;
    const struct group *g = getgrgid(s->lost_group);
    const char *name = g ? g->gr_name : psprintf("%u", (unsigned)s->lost_group);
    ereport(
        WARNING,
        (errcode(ERRCODE_WARNING),
         errmsg("could not keep group \"%s\" of the file that was replaced by \"%s\"", name, s->target.path),
         errdetail("The export is complete. Its files belong to the group of the server process or of the "
                   "directory, "
                   "which has no more rights to them than others have."),
         errhint("Make the account of the server process a member of the group, or say with the options "
                 "file_group and file_mode who may read the files.")));
}
} // namespace spout
