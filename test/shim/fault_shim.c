/*
 * fault_shim.c - makes system calls on export files fail, for the process tests. LD_PRELOAD into a test
 * server; never part of the extension. It knows paths and errno, nothing of PostgreSQL.
 *
 * SPOUT_FAULT_SCOPE: only calls on paths that contain this text count.
 * SPOUT_FAULT_CONTROL: a file read at each such call. Its lines are rules:
 *     <call> <skip> <times> <action> [<part of path>]
 * The rule acts on `times` (-1: all) matching calls of a process after skipping `skip` of them; `call` may be
 * "any". Actions: errno=N (the call is not made; close is), after=N (made, then reported as failed), short
 * (write one byte), sleep=ms, stop (SIGSTOP), kill (SIGKILL before the call), killafter. Counters start again when the file
 * changes. The part "/proc/other" means what belongs to another process there. With a line "log", every call is appended to <control>.log as "<pid> <call> <path> <result>".
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_RULES 16
#define PATH_ROOM 4096

struct rule {
    char call[24], action[24], part[256];
    long skip, times, seen;
};

static struct rule rules[MAX_RULES];
static int n_rules, logging;
static char current[4096]; /* the control file's text that rules were made of */

static void read_control(void)
{
    const char *path = getenv("SPOUT_FAULT_CONTROL");
    char text[sizeof current];
    long n = -1, fd = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        n = syscall(SYS_read, fd, text, sizeof text - 1);
        syscall(SYS_close, fd);
    }
    text[n > 0 ? n : 0] = '\0';
    if (strcmp(text, current) == 0)
        return;
    strcpy(current, text);
    n_rules = logging = 0;
    for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        struct rule *r = &rules[n_rules];
        memset(r, 0, sizeof *r);
        if (strcmp(line, "log") == 0)
            logging = 1;
        else if (n_rules < MAX_RULES &&
                 sscanf(line, "%23s %ld %ld %23s %255s", r->call, &r->skip, &r->times, r->action, r->part) >= 4)
            n_rules++;
    }
}

/* The path of a descriptor, or of a name below one. Empty if unknown. */
static void path_of(int fd, const char *name, char *out)
{
    char link[64];
    long n = 0;
    if (!name || name[0] != '/') {
        snprintf(link, sizeof link, fd == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", fd);
        n = syscall(SYS_readlinkat, AT_FDCWD, link, out, PATH_ROOM - 300);
        if (n < 0)
            n = 0;
    }
    out[n] = '\0';
    if (name)
        snprintf(out + n, 300, "%s%s", name[0] == '/' ? "" : "/", name);
}

static int matches(const char *path, const char *part)
{
    if (strcmp(part, "/proc/other") == 0)
        return strncmp(path, "/proc/", 6) == 0 && atoi(path + 6) != getpid();
    return strstr(path, part) != NULL;
}

/* Finds the rule that acts on this call, or NULL; counts it for all that match. */
static const char *decide(const char *call, const char *path)
{
    const char *scope = getenv("SPOUT_FAULT_SCOPE");
    const char *action = NULL;
    if (!scope || !strstr(path, scope))
        return NULL;
    read_control();
    for (int i = 0; i < n_rules; i++) {
        struct rule *r = &rules[i];
        if ((strcmp(r->call, call) && strcmp(r->call, "any")) || !matches(path, r->part))
            continue;
        long k = r->seen++;
        if (!action && k >= r->skip && (r->times < 0 || k < r->skip + r->times))
            action = r->action;
    }
    return action ? action : "";
}

static void before(const char *action)
{
    if (!strcmp(action, "kill"))
        syscall(SYS_kill, getpid(), SIGKILL);
    if (!strcmp(action, "stop"))
        syscall(SYS_kill, getpid(), SIGSTOP);
    if (!strncmp(action, "sleep=", 6)) {
        long ms = atol(action + 6);
        struct timespec t = {ms / 1000, ms % 1000 * 1000000};
        while (nanosleep(&t, &t) != 0)
            ;
    }
}

static long after(const char *action, const char *call, const char *path, long rc)
{
    int err = errno;
    if (!strcmp(action, "killafter"))
        syscall(SYS_kill, getpid(), SIGKILL);
    if (!strncmp(action, "after=", 6)) {
        rc = -1;
        err = atoi(action + 6);
    }
    if (logging) {
        char name[PATH_ROOM], line[PATH_ROOM + 100];
        snprintf(name, sizeof name, "%s.log", getenv("SPOUT_FAULT_CONTROL"));
        int n = snprintf(line, sizeof line, "%d %s %s %ld\n", getpid(), call, path, rc < 0 ? -err : rc);
        long fd = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
        if (fd >= 0) {
            syscall(SYS_write, fd, line, n);
            syscall(SYS_close, fd);
        }
    }
    errno = err;
    return rc;
}

/* The body of every wrapper: REAL is the true call, PATH was set before. */
#define RUN(call, REAL)                                                                                      \
    do {                                                                                                     \
        const char *action = decide(call, path);                                                             \
        if (!action)                                                                                         \
            return REAL;                                                                                     \
        before(action);                                                                                      \
        if (!strncmp(action, "errno=", 6)) {                                                                 \
            if (!strcmp(call, "close"))                                                                      \
                (void)REAL;                                                                                  \
            errno = atoi(action + 6);                                                                        \
            return after("", call, path, -1);                                                                \
        }                                                                                                    \
        return after(action, call, path, REAL);                                                              \
    } while (0)

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRITE_LIKE(name, params, plain, one)                                                                 \
    ssize_t name params                                                                                      \
    {                                                                                                        \
        char path[PATH_ROOM];                                                                                \
        path_of(fd, NULL, path);                                                                             \
        const char *action = decide("write", path);                                                          \
        if (!action)                                                                                         \
            return plain;                                                                                    \
        before(action);                                                                                      \
        if (!strncmp(action, "errno=", 6)) {                                                                 \
            errno = atoi(action + 6);                                                                        \
            return after("", "write", path, -1);                                                             \
        }                                                                                                    \
        return after(action, "write", path, strcmp(action, "short") ? plain : one);                          \
    }

WRITE_LIKE(write, (int fd, const void *p, size_t n), NEXT(write)(fd, p, n), NEXT(write)(fd, p, n ? 1 : 0))
WRITE_LIKE(pwrite, (int fd, const void *p, size_t n, off_t o), NEXT(pwrite)(fd, p, n, o),
           NEXT(pwrite)(fd, p, n ? 1 : 0, o))
WRITE_LIKE(pwrite64, (int fd, const void *p, size_t n, off64_t o), NEXT(pwrite64)(fd, p, n, o),
           NEXT(pwrite64)(fd, p, n ? 1 : 0, o))

#define ON_FD(type, name, call, params, args)                                                                \
    type name params                                                                                         \
    {                                                                                                        \
        char path[PATH_ROOM];                                                                                \
        path_of(fd, NULL, path);                                                                             \
        RUN(call, NEXT(name) args);                                                                          \
    }

ON_FD(int, fsync, "fsync", (int fd), (fd))
ON_FD(int, fdatasync, "fdatasync", (int fd), (fd))
ON_FD(int, close, "close", (int fd), (fd))
ON_FD(int, fchmod, "fchmod", (int fd, mode_t mode), (fd, mode))
ON_FD(int, fchown, "fchown", (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
ON_FD(int, fstat, "fstat", (int fd, struct stat *st), (fd, st))
ON_FD(int, fstat64, "fstat", (int fd, struct stat64 *st), (fd, st))
ON_FD(int, flock, "flock", (int fd, int what), (fd, what))
ON_FD(int, sync_file_range, "sync_file_range", (int fd, off64_t o, off64_t n, unsigned flags), (fd, o, n, flags))

#define ON_NAME(name, call, params, dir, file, args)                                                         \
    int name params                                                                                          \
    {                                                                                                        \
        char path[PATH_ROOM];                                                                                \
        path_of(dir, file, path);                                                                            \
        RUN(call, NEXT(name) args);                                                                          \
    }

ON_NAME(unlinkat, "unlinkat", (int fd, const char *name, int flags), fd, name, (fd, name, flags))
ON_NAME(fstatat, "fstatat", (int fd, const char *name, struct stat *st, int flags), fd, name,
        (fd, name, st, flags))
ON_NAME(fstatat64, "fstatat", (int fd, const char *name, struct stat64 *st, int flags), fd, name,
        (fd, name, st, flags))
ON_NAME(linkat, "linkat", (int fd, const char *name, int to, const char *as, int flags), to, as,
        (fd, name, to, as, flags))
ON_NAME(renameat, "renameat", (int fd, const char *name, int to, const char *as), to, as, (fd, name, to, as))

/* One name per use, so that a test can take away one of them. */
int renameat2(int fd, const char *name, int to, const char *as, unsigned flags)
{
    char path[PATH_ROOM];
    path_of(to, as, path);
    if (flags == RENAME_EXCHANGE)
        RUN("exchange", NEXT(renameat2)(fd, name, to, as, flags));
    RUN("noreplace", NEXT(renameat2)(fd, name, to, as, flags));
}

static int open_below(int fd, const char *name, int flags, mode_t mode, int (*real)(int, const char *, int, ...))
{
    char path[PATH_ROOM];
    path_of(fd, name, path);
    if ((flags & O_TMPFILE) == O_TMPFILE)
        RUN("tmpfile", real(fd, name, flags, mode));
    RUN("openat", real(fd, name, flags, mode));
}

static mode_t mode_of(int flags, va_list args)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0;
}

int openat(int fd, const char *name, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_below(fd, name, flags, mode, NEXT(openat));
}

int openat64(int fd, const char *name, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_below(fd, name, flags, mode, NEXT(openat64));
}
