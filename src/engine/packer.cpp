// packer.cpp - one block in flight, never more: what is in memory stays two raw and two packed blocks.
#include "engine/packer.hpp"

#include <csignal>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
// A thread inherits its maker's mask: signals must reach the thread that the server runs in.
class AllSignalsBlocked
{
  public:
    AllSignalsBlocked()
    {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old_);
    }
    ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &old_, nullptr); }

  private:
    sigset_t old_;
};
} // namespace

Packer::Packer(Pack pack, void *owner, const Allocator &raw, const Allocator &packed)
    : pack_(pack), owner_(owner), raw_(raw), packed_{Block(packed), Block(packed)},
      fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
{
    if (fd_ < 0) return; // too many are open
    try {
        AllSignalsBlocked blocked;
        thread_ = std::thread(&Packer::run, this);
    } catch (const std::system_error &) { // a limit on processes
        forget_fd();
    } catch (...) {
        forget_fd();
        throw;
    }
}

void Packer::forget_fd()
{
    close(fd_);
    fd_ = -1;
}

Packer::~Packer()
{
    {
        std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    if (!thread_.joinable()) return;
    thread_.join();
    close(fd_);
}

void Packer::submit(Block &raw)
{
    raw_.bytes.swap(raw.bytes);
    raw_.rows = raw.rows;
    raw_.raw_bytes = raw.raw_bytes;
    submitted_ = true;
    if (!thread_.joinable()) {
        failure_ = packed();
        return;
    }
    {
        std::lock_guard lock(mutex_);
        work_ = true;
    }
    changed_.notify_all();
}

std::exception_ptr Packer::packed() noexcept
{
    try {
        pack_(owner_, raw_, packed_[turn_]);
        return nullptr;
    } catch (...) {
        return std::current_exception();
    }
}

void Packer::run()
{
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return work_ || stop_; });
        if (!work_) return;
        lock.unlock();
        std::exception_ptr failure = packed();
        lock.lock();
        failure_ = failure;
        work_ = false;
        uint64_t one = 1;
        (void)!write(fd_, &one, sizeof one); // cannot fail: the counter is far from full
        changed_.notify_all();
    }
}

Block &Packer::collect()
{
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !work_; });
        uint64_t count;
        if (fd_ >= 0) (void)!read(fd_, &count, sizeof count); // back to not readable
        submitted_ = false;
        if (failure_) std::rethrow_exception(failure_);
    }
    Block &done = packed_[turn_];
    turn_ ^= 1;
    return done;
}
} // namespace spout
