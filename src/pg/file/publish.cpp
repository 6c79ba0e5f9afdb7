// publish.cpp - makes a finished export visible, or nothing of it, under the directory's lock. Steps neither
// ereport nor allocate nor look at interrupts: they return false and leave what failed in the Publication.
// Interrupts are served between two files, for a set may be large; a cancel, or the end of the session, then
// undoes what was published so far. Knows no contents of files.
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "pg/server/pg.hpp"

extern "C" {
#include "lib/stringinfo.h"
#include "storage/latch.h"
#include "utils/wait_event.h"
}

#include "pg/server/clock.hpp"
#include "pg/file/sink.hpp"

namespace spout
{
namespace
{
constexpr uint64 kLockTimeoutS = 10;
constexpr int kLockPollMs = 10;
constexpr int kMaxTries = 8; // others may create and remove F while we decide how to replace it

enum class Put : uint8 {
    hidden,      // not visible yet
    created,     // F is new
    exchanged,   // F is ours, H holds the old file
    backed_up,   // F is ours, the back-up name holds the old file
    overwritten, // F is ours, the old file is gone: this file system can do no better
};

struct Slot {
    uint32 index;
    Made made;
    Put put;
    bool taken; // F is not ours though we put ours there: somebody else wrote to the directory
};

} // namespace

struct Publication {
    FileSink *s;
    Slot *slots; // files in index order, then the manifest
    uint32 n;
    int err;            // errno of the first failure
    const char *action; // what could not be done, as in "could not <action>"
    uint32 failed;      // its slot; n: the directory
    uint32 stuck;       // files that hold new data after a failed undo
    bool irregular;     // F turned out to be no regular file
};

namespace
{
bool fail(Publication *p, uint32 slot, const char *action, int err)
{
    p->err = err;
    p->action = action;
    p->failed = slot;
    return false;
}

bool cannot_do(int err) { return err == EINVAL || err == ENOSYS || err == EOPNOTSUPP; }

// --- one file -----------------------------------------------------------------------------------

// Moves H to F if F is absent. False with errno, EEXIST among others.
bool move_if_absent(FileSink *s, const char *hidden, const char *final)
{
    if (renameat2(s->dirfd, hidden, s->dirfd, final, RENAME_NOREPLACE) == 0) return true;
    if (!cannot_do(errno)) return false;
    if (linkat(s->dirfd, hidden, s->dirfd, final, 0) == 0) return unlinkat(s->dirfd, hidden, 0) == 0;
    if (errno != EPERM && !cannot_do(errno)) return false;
    // No hard links either: look first, which leaves a gap to writers that do not take our lock.
    struct stat st;
    if (fstatat(s->dirfd, final, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return false;
    }
    return errno == ENOENT && renameat(s->dirfd, hidden, s->dirfd, final) == 0;
}

// Without an atomic exchange: a second name for the old file where that works, then a plain rename.
bool replace_with_backup(Publication *p, uint32 k, const char *hidden, const char *final)
{
    FileSink *s = p->s;
    Slot *slot = &p->slots[k];
    Name backup;
    hidden_name(s, slot->index, backup, Hidden::backup);
    bool kept = linkat(s->dirfd, final, s->dirfd, backup, 0) == 0;
    if (!kept && errno != EPERM && errno != EMLINK && !cannot_do(errno))
        return fail(p, k, "back up file", errno);
    if (renameat(s->dirfd, hidden, s->dirfd, final) != 0) {
        int err = errno;
        if (kept) (void)unlinkat(s->dirfd, backup, 0);
        return fail(p, k, "replace file", err);
    }
    slot->put = kept ? Put::backed_up : Put::overwritten;
    return true;
}

// Swaps H and F. What we got must be a regular file, else it is put back.
bool exchange(Publication *p, uint32 k, const char *hidden, const char *final)
{
    int dirfd = p->s->dirfd;
    struct stat st;
    if (renameat2(dirfd, hidden, dirfd, final, RENAME_EXCHANGE) != 0)
        return fail(p, k, "replace file", errno);
    p->slots[k].put = Put::exchanged;
    int err = fstatat(dirfd, hidden, &st, AT_SYMLINK_NOFOLLOW) != 0 ? errno : 0;
    if (!err && S_ISREG(st.st_mode)) return true;
    p->irregular = !err;
    if (renameat2(dirfd, hidden, dirfd, final, RENAME_EXCHANGE) == 0) p->slots[k].put = Put::hidden;
    return fail(p, k, "replace file", err ? err : EISDIR);
}

// F exists: put ours in its place. False with err == ENOENT: it went away meanwhile.
bool replace(Publication *p, uint32 k, const char *hidden, const char *final)
{
    struct stat st;
    if (fstatat(p->s->dirfd, final, &st, AT_SYMLINK_NOFOLLOW) != 0) return fail(p, k, "examine file", errno);
    if (!S_ISREG(st.st_mode)) {
        p->irregular = true;
        return fail(p, k, "replace file", EISDIR);
    }
    return exchange(p, k, hidden, final) || (cannot_do(p->err) && replace_with_backup(p, k, hidden, final));
}

bool is_named(const FileSink *s, uint32 index) { return index == kManifest || s->hidden > index; }

// H or T to F, if F is absent. False with errno, EEXIST among others.
bool move(FileSink *s, bool named, const char *hidden, const char *final)
{
    if (named) return move_if_absent(s, hidden, final);
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", s->first);
    return linkat(AT_FDCWD, path, s->dirfd, final, AT_SYMLINK_FOLLOW) == 0;
}

bool put_into_place(Publication *p, uint32 k, const char *hidden, const char *final)
{
    FileSink *s = p->s;
    Slot *slot = &p->slots[k];
    bool named = is_named(s, slot->index);
    for (int tries = 0; tries < kMaxTries; tries++) {
        if (named && !is_made(s, hidden, &slot->made)) return fail(p, k, "examine file", errno);
        if (move(s, named, hidden, final)) {
            slot->put = Put::created;
            return true;
        }
        if (errno != EEXIST || s->target.fail_if_exists) return fail(p, k, "publish file", errno);
        if (!named && !link_hidden(s, s->first, slot->index)) return fail(p, k, "link file", errno);
        named = true;
        if (replace(p, k, hidden, final)) return true;
        if (p->err != ENOENT) return false;
    }
    return fail(p, k, "publish file", EEXIST);
}

bool publish_slot(Publication *p, uint32 k)
{
    Slot *slot = &p->slots[k];
    Name hidden, final;
    hidden_name(p->s, slot->index, hidden);
    final_name(p->s, slot->index, final);
    if (!put_into_place(p, k, hidden, final)) return false;
    // Whether others changed H just before or F just after, nobody can say: F is left to them.
    if (is_made(p->s, final, &slot->made)) return true;
    slot->taken = errno == ESTALE;
    return fail(p, k, "examine file", errno);
}

// --- all of them --------------------------------------------------------------------------------

bool sync_directory(Publication *p)
{
    if (!p->s->target.sync || fsync(p->s->dirfd) == 0) return true;
    return fail(p, p->n, "fsync directory", errno);
}

// The manifest becomes visible only when all that it lists is, durably.
bool publish_all(Publication *p)
{
    for (uint32 k = 0; k < p->n; k++) {
        CHECK_FOR_INTERRUPTS(); // may leave for good: abandon_publication()
        bool manifest = p->slots[k].index == kManifest;
        if ((manifest && !sync_directory(p)) || !publish_slot(p, k)) return false;
    }
    return sync_directory(p);
}

// One file back to what it was. Leaves F alone when it is not ours any more.
bool undo_slot(FileSink *s, Slot *slot)
{
    Name hidden, final, backup;
    hidden_name(s, slot->index, hidden);
    hidden_name(s, slot->index, backup, Hidden::backup);
    final_name(s, slot->index, final);
    struct stat st;
    bool there = fstatat(s->dirfd, final, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there && errno != ENOENT) return false;
    if (slot->taken) return false;
    if (!there || !(id_of(st) == slot->made.id)) {
        // The old file is history for whoever replaced us.
        if (slot->put == Put::backed_up) (void)unlinkat(s->dirfd, backup, 0);
        return true;
    }
    switch (slot->put) {
    case Put::hidden: // linked, and then its hidden name would not go
    case Put::created: return unlinkat(s->dirfd, final, 0) == 0;
    case Put::exchanged: return renameat2(s->dirfd, hidden, s->dirfd, final, RENAME_EXCHANGE) == 0;
    case Put::backed_up: return renameat(s->dirfd, backup, s->dirfd, final) == 0;
    case Put::overwritten: return false;
    }
    return false;
}

// Where the old file is, once ours is in its place.
Hidden where_old(const Slot *slot) { return slot->put == Put::backed_up ? Hidden::backup : Hidden::data; }

// The only copy of what F was: under a name that no sweep takes for a left-over.
void keep_old(FileSink *s, const Slot *slot)
{
    if (slot->put != Put::exchanged && slot->put != Put::backed_up) return;
    Name old, kept;
    hidden_name(s, slot->index, old, where_old(slot));
    hidden_name(s, slot->index, kept, Hidden::kept);
    (void)renameat(s->dirfd, old, s->dirfd, kept);
}

// Takes back what was published, last first, and removes every hidden name that holds new data.
void undo_all(Publication *p)
{
    FileSink *s = p->s;
    for (uint32 k = p->n; k-- > 0;) {
        Slot *slot = &p->slots[k];
        if (!undo_slot(s, slot)) {
            p->stuck++;
            keep_old(s, slot);
            continue;
        }
        slot->put = Put::hidden;
        Name hidden;
        hidden_name(s, slot->index, hidden);
        (void)unlinkat(s->dirfd, hidden, 0);
    }
    s->hidden = 0;
    s->hidden_manifest = false;
}

// Published and durable: the old files may go. A cancel comes too late to undo anything, so it waits; but the
// session may end, and leaves the rest to sink_abort(). Returns the errno of the first that would not go.
int remove_old(Publication *p)
{
    FileSink *s = p->s;
    int err = 0;
    for (uint32 k = 0; k < p->n; k++) {
        Slot *slot = &p->slots[k];
        CHECK_FOR_INTERRUPTS();
        if (slot->put != Put::exchanged && slot->put != Put::backed_up) continue;
        Name old;
        hidden_name(s, slot->index, old, where_old(slot));
        if (unlinkat(s->dirfd, old, 0) != 0 && !err) err = errno;
    }
    s->hidden = 0;
    s->hidden_manifest = false;
    return err;
}

// --- around it ----------------------------------------------------------------------------------

// Keeps two sets from mixing. Where the file system has no locks (NFS), goes on without.
void lock_directory(FileSink *s)
{
    uint64 start = now_ns();
    while (flock(s->dirfd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EBADF || errno == ENOLCK || cannot_do(errno)) return;
        if (errno != EWOULDBLOCK && errno != EINTR) raise_file_error(errno, "lock directory", s->dir);
        if (now_ns() - start > kLockTimeoutS * 1000000000u)
            ereport(
                ERROR,
                (errcode(ERRCODE_LOCK_NOT_AVAILABLE), errmsg("could not lock directory \"%s\"", s->dir),
                 errdetail("Another export has been publishing there for %d seconds.", (int)kLockTimeoutS),
                 errhint("Repeat the export; nothing was changed.")));
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kLockPollMs,
                        PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
    }
    s->locked = true;
}

void unlock_directory(FileSink *s)
{
    if (s->locked) (void)flock(s->dirfd, LOCK_UN);
    s->locked = false;
}

void fill_slot(FileSink *s, Slot *slot, uint32 index)
{
    *slot = {index, index == kManifest ? s->manifest : s->made[index], Put::hidden, false};
    Name name;
    hidden_name(s, index, name);
    if (!is_named(s, index) || is_made(s, name, &slot->made)) return;
    if (errno == ESTALE) raise_replaced(s, index);
    raise_file_error(errno, "examine file", final_path(s, index));
}

// After a failed undo: which files are new, in one line.
char *stuck_files(const Publication *p)
{
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfoString(&text, "Publishing could not be undone. New data is in");
    const char *comma = "";
    for (uint32 k = 0; k < p->n; k++) {
        if (p->slots[k].put == Put::hidden) continue;
        appendStringInfo(&text, "%s \"%s\"", comma, final_path(p->s, p->slots[k].index));
        comma = ",";
    }
    appendStringInfo(&text, "; what was there before is in hidden files ending in \"%s\".", kKeptSuffix);
    return text.data;
}

[[noreturn]] void raise_failure_of(const Publication *p)
{
    const char *path = p->failed < p->n ? final_path(p->s, p->slots[p->failed].index) : p->s->dir;
    const char *detail = p->stuck ? stuck_files(p) : nullptr;
    if (p->irregular)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is not a regular file", path),
                        detail ? errdetail("%s", detail) : 0));
    if (p->err == ESTALE && p->failed < p->n) raise_replaced(p->s, p->slots[p->failed].index, detail);
    if (p->err == EEXIST)
        ereport(ERROR,
                (errcode(ERRCODE_DUPLICATE_FILE), errmsg("file \"%s\" already exists", path),
                 detail ? errdetail("%s", detail) : 0, errhint("It was created while the export ran.")));
    raise_file_error(p->err, p->action, path, detail);
}
} // namespace

void publish(FileSink *s, uint32 n, bool manifest)
{
    StaleFiles stale;
    find_stale_files(s, n, &stale);
    auto *p = (Publication *)MemoryContextAllocZero(s->leaf, sizeof(Publication));
    p->s = s;
    p->n = n + (manifest ? 1 : 0);
    p->slots = (Slot *)MemoryContextAllocHuge(s->leaf, sizeof(Slot) * p->n);
    for (uint32 k = 0; k < n; k++) {
        CHECK_FOR_INTERRUPTS();
        fill_slot(s, &p->slots[k], k);
    }
    if (manifest) fill_slot(s, &p->slots[n], kManifest);

    lock_directory(s);
    s->publication = p;
    bool published = publish_all(p);
    if (!published) undo_all(p);
    s->publication = nullptr;
    if (!published) {
        unlock_directory(s);
        raise_failure_of(p);
    }
    HOLD_CANCEL_INTERRUPTS();
    int leftover = remove_old(p);
    remove_stale_files(s, &stale);
    RESUME_CANCEL_INTERRUPTS();
    unlock_directory(s);

    if (leftover) {
        errno = leftover;
        ereport(WARNING, (errcode(file_sqlstate(leftover)),
                          errmsg("could not remove the replaced file in \"%s\": %m", s->dir),
                          errdetail("The export is complete. Hidden files ending in \"%s\" are left behind.",
                                    kHiddenSuffix)));
    }
    warn_of_lost_group(s);
    warn_of_stale_files(s, &stale, manifest);
}

void abandon_publication(FileSink *s)
{
    Publication *p = s->publication;
    if (!p) return;
    s->publication = nullptr;
    undo_all(p);
    if (p->stuck)
        ereport(WARNING,
                (errcode(ERRCODE_IO_ERROR),
                 errmsg("publishing in directory \"%s\" could not be undone", s->dir),
                 errdetail_plural(
                     "%u file holds new data; what was there before is in a hidden file ending in \"%s\".",
                     "%u files hold new data; what was there before is in hidden files ending in \"%s\".",
                     p->stuck, p->stuck, kKeptSuffix)));
}
} // namespace spout
