// The rings behind trace::recorder.
//
// A ring has one producer, the thread that owns it, and any number of readers that copy it while
// the producer runs on. Records are numbered from 0 for the ring's whole life; record n lives in
// slot n modulo the capacity. Two counters, written by the producer alone:
//
//     claimed    records below it were written or are being written
//     published  records below it were written
//
// push: claimed = n + 1 (relaxed); the four words of the slot (release); published = n + 1
// (release). copy: end = published (acquire); the words of the last `capacity` records below end
// (acquire); then c = claimed; keep the records from c - capacity on.
//
// Why no torn record is kept: the acquire of `published` makes every copied word at least as new as
// its record. If a word was newer, it was stored by push n + k * capacity; the acquire that read it
// synchronises with that release store, before which came the store to `claimed`. So the later load
// of `claimed` gives at least n + capacity + 1, and record n is not kept. Each access is to an
// atomic: no fence, no race.
//
// Why nothing is freed under a producer: a ring_storage lives for ever, in a list from which the
// next recorder with the same shape takes it again. A thread keeps its ring across recorders, so a
// ring never has two producers: a ring changes hands only in `open`, after the kernel has said that
// its owner no longer exists. Recorders are told apart by a session number that is never used
// twice. A thread that was overtaken inside `record` by the end of its session, and even by the
// start of the next, writes into its own ring, which still bears the old session and is therefore
// not read; its next event enters the new session.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/event.hpp>
#include <twill/trace/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace twill::inline TWILL_ABI::detail {

using trace_word = atomic<std::uint64_t>;

class alignas(64) ring {
public:
    static constexpr std::size_t words_per_record = 4;
    static_assert(sizeof(event) == words_per_record * sizeof(trace_word));

    // `slots`: zeroed memory for `capacity` (a power of two) records.
    void place(trace_word* slots, std::uint64_t capacity) noexcept;

    // By the owner.
    void push(const event& what) noexcept;
    void enter(std::uint64_t session) noexcept;

    // By any thread: appends to `into` what is held of the session `wanted`. False: nothing of it
    // is here.
    bool copy(std::uint64_t wanted, trace::thread_events& into) const;

    // The kernel's id of the owning thread, 0: free. Taken by compare-and-swap.
    atomic<int> owner{0};
    // The session whose records these are; written by the owner.
    atomic<std::uint64_t> session{0};

private:
    [[nodiscard]] event read(std::uint64_t number) const noexcept;
    [[nodiscard]] std::uint64_t oldest_below(std::uint64_t end) const noexcept {
        return end > capacity_ ? end - capacity_ : 0;
    }

    trace_word* slots_ = nullptr;
    std::uint64_t capacity_ = 0;
    atomic<std::uint64_t> claimed_{0};
    atomic<std::uint64_t> published_{0};
    atomic<std::uint64_t> first_{0};             // number of the session's first record
    atomic<const char*> label_{nullptr};         // the name that a thread_start event gave
    atomic<std::uint64_t> kernel_name_[2] = {};  // the name as of `enter`: 16 bytes
};

// All rings of one shape: the sink of the recorder that uses it now.
class ring_storage final : public event_sink {
public:
    // A storage of this shape that no recorder uses, from the list or new. Null: a recorder exists.
    // Throws io_error.
    static ring_storage* acquire(std::size_t threads, std::size_t capacity);

    // Ends the session, gives the pages back to the kernel and the storage back to the list.
    void release() noexcept;

    void record(const event& what) noexcept override;

    void copy(trace::snapshot& into) const;

private:
    ring_storage(std::size_t threads, std::size_t capacity);
    void open() noexcept;
    ring* enter(std::uint64_t session) noexcept;
    ring* claim(std::uint64_t session) noexcept;

    const std::size_t threads_;
    const std::size_t capacity_;
    const std::unique_ptr<ring[]> rings_;
    void* memory_ = nullptr;
    std::size_t bytes_ = 0;
    atomic<std::uint64_t> session_{0};  // 0: no recorder uses it, late events are dropped
    atomic<std::uint64_t> homeless_{0};
    ring_storage* next_ = nullptr;  // the list of all storages
};

}  // namespace twill::inline TWILL_ABI::detail
