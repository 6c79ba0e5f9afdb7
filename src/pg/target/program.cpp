// program.cpp - a shell command's standard input. Not OpenPipeStream: a child that ignores signals would
// hold a cancelled backend in pclose(). The child leads its own process group, writes never block, and its
// exit status decides between success and error.
#include "pg/target/sink.hpp"
#include "pg/server/wait.hpp"

#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {
#include "commands/progress.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "storage/latch.h"
#include "storage/pmsignal.h"
#include "utils/wait_event.h"
}

extern char **environ;

namespace spout
{
constexpr int kPollMs = 10;       // while waiting for the child to end
constexpr int kTermGraceMs = 500; // after SIGTERM, before SIGKILL
constexpr int kStopGraceMs = 150; // for the status of a program that no longer reads
constexpr int kForEver = INT_MAX;

struct ProgramSink {
    Sink pub;
    const char *command; // borrowed
    int fd;              // our end of the pipe, -1: closed
    pid_t pid;           // 0: none, or already reaped
};

static ProgramSink *self(Sink *s) { return (ProgramSink *)s; }

// Of a clock that nobody sets; a busy machine sleeps longer than it is told to.
static int64 now_ms()
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void close_pipe(ProgramSink *p)
{
    if (p->fd < 0) return;
    close(p->fd);
    ReleaseExternalFD();
    p->fd = -1;
}

// --- start
// ----------------------------------------------------------------------------------------------------

// Signals as a shell expects them: the backend ignores SIGPIPE and blocks others at times.
static int spawn_shell(ProgramSink *p, int child_end)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, child_end, STDIN_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    const char *argv[] = {"sh", "-c", p->command, nullptr};
    int err = posix_spawn(&p->pid, "/bin/sh", &files, &attributes, (char *const *)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (err) p->pid = 0;
    return err;
}

static void program_open(Sink *s)
{
    ProgramSink *p = self(s);
    if (!AcquireExternalFD())
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES), errmsg("too many open files")));
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        int err = errno;
        ReleaseExternalFD();
        errno = err;
        ereport(ERROR, (errcode_for_file_access(), errmsg("could not create pipe: %m")));
    }
    p->fd = ends[1];
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
    int err = spawn_shell(p, ends[0]);
    close(ends[0]);
    errno = err;
    if (err)
        ereport(ERROR,
                (errcode_for_file_access(), errmsg("could not execute command \"%s\": %m", p->command)));
}

static void program_begin(Sink *, uint32) {}

// --- end
// --------------------------------------------------------------------------------------------------------

// Closing our end is the child's end of input; then its status tells how it went. False: it goes on.
static bool wait_for_program(ProgramSink *p, int most_ms)
{
    close_pipe(p);
    int status;
    for (int64 start = now_ms();;) {
        pid_t got = waitpid(p->pid, &status, WNOHANG);
        if (got == p->pid) break;
        if (got < 0 && errno != EINTR) {
            p->pid = 0;
            ereport(ERROR, (errcode(ERRCODE_SYSTEM_ERROR),
                            errmsg("could not wait for program \"%s\": %m", p->command)));
        }
        if (most_ms != kForEver && now_ms() - start >= most_ms) return false;
        CHECK_FOR_INTERRUPTS();
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kPollMs, PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
    }
    p->pid = 0;
    if (status == 0) return true;
    char *reason = wait_result_to_str(status);
    ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION), errmsg("program \"%s\" failed", p->command),
                    errdetail_internal("%s", reason)));
    pg_unreachable();
}

// The reader is gone; if the program nevertheless says that all is well, the data did not arrive. One that
// closed its input and goes on would hold us for as long as it likes: it is ended with the export.
[[noreturn]] static void broken_pipe(ProgramSink *p)
{
    bool ended = wait_for_program(p, kStopGraceMs);
    ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
                    errmsg("program \"%s\" stopped reading", p->command),
                    ended ? errdetail("It ended with success before the whole export was written.")
                          : errdetail("It closed its input before the whole export was written.")));
    pg_unreachable();
}

static void program_write(Sink *s, uint32, uint64, const uint8 *data, size_t n)
{
    ProgramSink *p = self(s);
    while (n > 0) {
        CHECK_FOR_INTERRUPTS();
        ssize_t put = write(p->fd, data, Min(n, (size_t)1 << 20));
        if (put >= 0) {
            data += put;
            n -= put;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK)
            wait_for_fd(p->fd, POLLOUT);
        else if (errno == EPIPE)
            broken_pipe(p);
        else if (errno != EINTR)
            ereport(ERROR,
                    (errcode_for_file_access(), errmsg("could not write to program \"%s\": %m", p->command)));
    }
}

static void program_end(Sink *, FileEntry *) {}

static void program_finish(Sink *s, const FileEntry *, uint32, const char *, size_t)
{
    wait_for_program(self(s), kForEver);
}

// Bounded: SIGTERM, half a second of grace, SIGKILL, reap. Runs in a reset callback: no latch, no palloc.
// A shell may end at once and leave members of its pipeline behind, so the group is what must be gone; its
// number cannot be given to others while it has members.
static void program_abort(Sink *s)
{
    ProgramSink *p = self(s);
    close_pipe(p);
    if (p->pid == 0) return;
    pid_t group = p->pid;
    p->pid = 0;
    bool reaped = false;
    kill(-group, SIGTERM);
    for (int64 start = now_ms(); now_ms() - start < kTermGraceMs && PostmasterIsAlive();) {
        if (!reaped) reaped = waitpid(group, nullptr, WNOHANG) != 0;
        if (reaped && kill(-group, 0) != 0) return;
        pg_usleep(kPollMs * 1000L);
    }
    kill(-group, SIGKILL);
    while (!reaped && waitpid(group, nullptr, 0) < 0 && errno == EINTR) {
    }
}

static const SinkOps kProgram = {program_open,
                                 program_begin,
                                 program_write,
                                 program_end,
                                 program_finish,
                                 program_abort,
                                 PROGRESS_COPY_TYPE_PROGRAM,
                                 nullptr};

Sink *sink_program_create(MemoryContext leaf, const char *command)
{
    auto *p = (ProgramSink *)MemoryContextAllocZero(leaf, sizeof(ProgramSink));
    p->pub.ops = &kProgram;
    p->command = command;
    p->fd = -1;
    return &p->pub;
}
} // namespace spout
