#include <twill/core/error.hpp>
#include <twill/core/futex_mutex.hpp>

#include "ring.hpp"

#include <cerrno>
#include <csignal>
#include <mutex>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace twill::inline TWILL_ABI::detail {
namespace {

// The ring of this thread. Initial-exec: reading it never allocates, also from a shared library.
struct place {
    const ring_storage* storage;
    std::uint64_t session;
    ring* mine;  // null: no ring was left in this session
};
TWILL_INITIAL_EXEC constinit TWILL_THREAD_LOCAL place here{nullptr, 0, nullptr};

// Guards the three words below and the `next_` of the storages.
constinit futex_mutex storages_lock;
constinit ring_storage* all_storages = nullptr;
constinit bool in_use = false;
constinit std::uint64_t last_session = 0;

bool exists(int thread_id) noexcept {
    return ::tgkill(::getpid(), thread_id, 0) == 0 || errno != ESRCH;
}

}  // namespace

ring_storage::ring_storage(std::size_t threads, std::size_t capacity)
    : threads_(threads), capacity_(capacity), rings_(std::make_unique<ring[]>(threads)) {
    const std::size_t words = capacity * ring::words_per_record;
    bytes_ = threads * words * sizeof(trace_word);
    memory_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory_ == MAP_FAILED)
        throw io_error("map", std::to_string(bytes_) + " bytes for trace rings", errno);
    // Pages of zeros are atomics of value 0; constructing them one by one would touch every page.
    auto* slots = static_cast<trace_word*>(memory_);
    for (std::size_t i = 0; i < threads; ++i) rings_[i].place(slots + i * words, capacity);
}

ring_storage* ring_storage::acquire(std::size_t threads, std::size_t capacity) {
    std::lock_guard hold(storages_lock);
    if (in_use) return nullptr;
    ring_storage* found = all_storages;
    while (found != nullptr && (found->threads_ != threads || found->capacity_ != capacity))
        found = found->next_;
    if (found == nullptr) {
        found = new ring_storage(threads, capacity);
        found->next_ = all_storages;
        all_storages = found;
    }
    in_use = true;
    found->open();
    return found;
}

void ring_storage::open() noexcept {
    for (std::size_t i = 0; i < threads_; ++i) {
        const int owner = rings_[i].owner.load(std::memory_order_relaxed);
        // Release: pairs with the acquire in `claim`.
        if (owner != 0 && !exists(owner)) rings_[i].owner.store(0, std::memory_order_release);
    }
    homeless_.store(0, std::memory_order_relaxed);
    session_.store(++last_session, std::memory_order_release);
}

void ring_storage::release() noexcept {
    std::lock_guard hold(storages_lock);
    session_.store(0, std::memory_order_release);
    // A late `record` that writes now gets a fresh page of zeros under its record: harmless.
    ::madvise(memory_, bytes_, MADV_DONTNEED);
    in_use = false;
}

void ring_storage::record(const event& what) noexcept {
    const std::uint64_t session = session_.load(std::memory_order_acquire);
    if (session == 0) return;
    ring* mine = here.mine;
    if (here.storage != this || here.session != session) [[unlikely]]
        mine = enter(session);
    if (mine != nullptr) [[likely]]
        mine->push(what);
    else
        homeless_.fetch_add(1, std::memory_order_relaxed);
}

ring* ring_storage::enter(std::uint64_t session) noexcept {
    ring* mine = claim(session);
    if (mine != nullptr) mine->enter(session);
    here = place{this, session, mine};
    return mine;
}

ring* ring_storage::claim(std::uint64_t session) noexcept {
    const int self = ::gettid();
    // The ring that this thread had in an earlier session. (Or that a dead thread of the same id
    // had: all the same, it is this thread's now.)
    for (std::size_t i = 0; i < threads_; ++i) {
        ring& one = rings_[i];
        if (one.owner.load(std::memory_order_relaxed) == self &&
            one.session.load(std::memory_order_relaxed) != session)
            return &one;
    }
    for (std::size_t i = 0; i < threads_; ++i) {
        ring& one = rings_[i];
        int free = 0;
        if (one.owner.load(std::memory_order_relaxed) == free &&
            one.owner.compare_exchange_strong(free, self, std::memory_order_acquire,
                                              std::memory_order_relaxed))
            return &one;
    }
    return nullptr;
}

void ring_storage::copy(trace::snapshot& into) const {
    const std::uint64_t session = session_.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < threads_; ++i) {
        trace::thread_events one;
        if (rings_[i].copy(session, one)) into.threads.push_back(std::move(one));
    }
    into.homeless = homeless_.load(std::memory_order_relaxed);
}

}  // namespace twill::inline TWILL_ABI::detail
