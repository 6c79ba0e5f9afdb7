// packer.hpp - one thread that packs (compresses and frames) a block while its owner encodes the next.
// In the server it lives inside a backend, so it follows the rules of a guest: all signals blocked, no calls
// but the codec's, memory as from malloc, every exception kept for the owner (docs/architecture.md). Where
// the system has no thread or no descriptor to give, it packs in submit(): slower, but the same blocks.
#pragma once
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "format/format.hpp"

namespace spout
{
class Packer
{
  public:
    using Pack = void (*)(void *owner, Block &raw, Block &packed);
    // Raw blocks come from the owner and go back; packed ones are made in the thread.
    Packer(Pack, void *owner, const Allocator &raw, const Allocator &packed);
    ~Packer(); // waits for the block at work, if there is one
    Packer(const Packer &) = delete;
    Packer &operator=(const Packer &) = delete;

    // Takes over raw's bytes. Nothing may be at work.
    void submit(Block &raw);
    // Gives the buffer of the last raw block back, if it has one. Nothing may be at work.
    void give_back(Block &raw)
    {
        if (raw_.bytes.capacity()) raw.bytes.swap(raw_.bytes);
    }
    bool busy() const { return submitted_; } // submitted, not collected
    int fd() const { return fd_; }           // readable when the block is packed; -1: submit() has packed it
    // The packed block; waits for it, and throws what packing threw. Valid until the second next collect().
    Block &collect();
    Block &raw() { return raw_; } // what it was made of; valid until the next submit()

  private:
    void run();
    std::exception_ptr packed() noexcept; // packs raw_; what went wrong, or null
    void forget_fd();

    const Pack pack_;
    void *const owner_;
    Block raw_;
    Block packed_[2]; // handed out in turn
    unsigned turn_ = 0;
    bool submitted_ = false; // the owner's view
    int fd_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool work_ = false, stop_ = false; // under the mutex
    std::exception_ptr failure_;       // likewise
    std::thread thread_;
};
} // namespace spout
