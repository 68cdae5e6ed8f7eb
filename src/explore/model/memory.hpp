// Atomics under the C++ memory model, not under that of the processor: a load may return any store
// that coherence and happens-before leave.
//
// Each atomic keeps the history of its stores, in modification order. Each thread knows, of each
// atomic, the newest store that it must not go behind (what it has read or written, and what was
// known to those that it has acquired from). A load picks one of those from there on; the newest is
// the plain outcome. A store with release order leaves its thread's knowledge with it, an acquiring
// load takes it over; a read-modify-write reads the newest and passes on what was left there (a
// release sequence). Sequentially consistent operations have their order in that of the run: such a
// load does not go behind such a store, nor behind what such a load has read.
//
// As in loom (Rust), relacy (Vyukov) and CDSChecker (Norris and Demsky, OOPSLA 2013). What it
// leaves out: modification order is that in which the run does the stores, so outcomes that need a
// store to slip in before an older one (2+2W) are not seen, nor are those that need a load to see a
// store that comes later (load buffering). And there are no fences, which twill does not use; the
// asymmetric barrier is modelled in `barrier`.
#pragma once

#include "../arena.hpp"
#include "../numbering.hpp"
#include "../vector_clock.hpp"
#include "site.hpp"
#include "use.hpp"

#include <cstdint>

namespace twill::inline TWILL_ABI::explore::model {

class world;

class memory {
public:
    memory(world& in, arena& from) noexcept;

    // An atomic with the value that lies there begins its life.
    void begin(void* address, unsigned size) noexcept;
    // Whatever lies in these bytes ends its own: whoever uses an atomic there has come too late.
    void end(const void* address, std::size_t size) noexcept;
    // A thread knows what its parent knew, and who joins it what it knew in the end.
    void begin_thread(thread_id child, thread_id parent) noexcept;
    void end_thread(vector_clock& left) noexcept;
    void join_thread(const vector_clock& left) noexcept;
    // After the run: what lives longer than it gets back the value that it had before.
    void restore() noexcept;

    std::uint64_t load(const use& how) noexcept;
    void store(const use& how, std::uint64_t value) noexcept;
    // `change` makes the new value of the old one.
    template <class Change>
    std::uint64_t modify(const use& how, action what, const Change& change) noexcept {
        return modify(how, what, &change,
                      [](const void* with, std::uint64_t old) noexcept -> std::uint64_t {
                          return (*static_cast<const Change*>(with))(old);
                      });
    }
    bool compare(const use& how, std::uint64_t& expected, std::uint64_t desired,
                 bool weak) noexcept;
    void wait(const use& how, std::uint64_t old) noexcept;
    // Once: it may return while nothing has changed.
    void sleep(const use& how, std::uint64_t old, std::uint64_t deadline) noexcept;
    void notify(const use& how, bool all) noexcept;

    // The heavy side of an asymmetric barrier: every thread goes through a full barrier, each at a
    // time of its own, between the beginning and the end of the call.
    void barrier(std::source_location where) noexcept;

private:
    using change_function = std::uint64_t (*)(const void* with, std::uint64_t old) noexcept;

    // What a thread leaves for those who acquire.
    struct knowledge {
        vector_clock past;
        vector_clock seen;  // by location: the newest store that is known
    };
    struct kept_store {
        std::uint64_t value;
        epoch by;
        const knowledge* left;  // null: nothing
    };
    struct location {
        explicit location(arena& from) noexcept : stores(from) {}
        void* address = nullptr;
        unsigned size = 0;
        std::uint32_t number = 0;
        bool ended = false;
        bool restored = false;  // lives longer than the run
        std::uint64_t before = 0;
        row<kept_store> stores;
        // The newest store that a sequentially consistent operation has made or read.
        std::uint32_t ordered = 0;
    };
    struct thread_view {
        vector_clock seen;
        // How often in a row an old store was read, by location.
        vector_clock stale;
    };

    location& at(const use& how) noexcept;
    location& add(void* address, unsigned size) noexcept;
    thread_view& view() noexcept;
    std::uint32_t floor(const location& of, std::memory_order order) noexcept;
    std::uint32_t pick_store(location& of, std::uint32_t oldest) noexcept;
    std::uint64_t read(location& of, std::uint32_t which, std::memory_order order) noexcept;
    void append(location& of, std::uint64_t value, std::memory_order order,
                const knowledge* passed_on) noexcept;
    std::uint64_t modify(const use& how, action what, const void* with,
                         change_function change) noexcept;

    world& world_;
    arena& arena_;
    numbering numbers_;
    row<location*> locations_;  // by number; 0 unused
    row<thread_view> views_;    // by thread
};

}  // namespace twill::inline TWILL_ABI::explore::model
