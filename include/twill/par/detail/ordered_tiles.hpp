// A range worked through in tiles, where a small step of each tile must follow that of the one
// before: scans (the sum so far) and stable selections (the place in the output).
//
// A tile goes through three stages:
//   prepare   what needs nothing of the tiles before, by several threads at a time;
//   turn      takes what the tile before left, and leaves it changed for the next: one at a time,
//             in the order of the tiles;
//   finish    the rest, by several threads at a time again.
// After Merrill and Garland, "Single-pass Parallel Prefix Scan with Decoupled Look-back" (2016);
// here the tile before is all that is looked at, for turns are short.
//
// A tile lasts for about a beat, however expensive its elements are: long beside what a turn costs,
// and so long that two threads on a busy machine seldom wait for each other. (Tiles that stay in
// the second-level cache between their stages were no faster alone, and up to three times slower
// beside other programs: each time a thread loses its core, all wait for its tile.)
//
// Nobody is asked to help: the owner takes tile after tile, and has one fork on its list, whose
// thief does the same (and has one, too). While there is no thief, all is serial; work that can do
// a tile whose turn has come in one go says so with `straight`.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/join.hpp>
#include <twill/runtime/detail/work_meter.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>

namespace twill::inline TWILL_ABI {
namespace detail {

// `tile` is a thread's scratch memory. All of [from, to) belongs to the caller, from `prepare` to
// the end of `finish`. When a turn comes, all tiles before have had theirs, and been prepared.
template <class W>
concept tile_work = requires(W& work, typename W::tile& tile, par::context& here, std::size_t i) {
    { W::granule } -> std::convertible_to<std::size_t>;  // tiles begin at multiples of it
    { W::largest } -> std::convertible_to<std::size_t>;  // elements; a multiple of the granule
    work.prepare(here, tile, i, i);
    work.turn(here, tile, i, i);
    work.finish(here, tile, i, i);
};

template <class W>
concept straight_work = requires(W& work, par::context& here, std::size_t i) {
    work.straight(here, i, i);  // all three, within the turn
};

// Two places: `next_`, where the next tile begins, and `turn_`, where the tile begins whose turn it
// is. Who advances `next_` owns what it passed. `turn_` is advanced by the owner of the tile that
// begins there, and by nobody else: a release of what the turn wrote, acquired by the next owner.
//
// Nobody waits for what is not being run: the tile before was begun by a thread that is in the
// middle of it. If it fails, it marks `turn_`, and all give up.
//
// Who waits for longer than a tile takes waits for a thread that has lost its core: it sleeps, and
// the helpers leave, for on a machine so busy that would happen again and again, and the owner
// alone is faster. It asks for help again later, and each time it was in vain twice as late.
template <tile_work Work>
class ordered_tiles {
public:
    ordered_tiles(Work& work, std::size_t size) noexcept : work_(work), size_(size) {}

    // Returns, or throws, when all tiles that were begun have ended.
    void run(par::context& here) {
        if (size_ <= Work::granule) return work(here, ~std::size_t{0});
        for (std::size_t patience = 1024; !over(); patience *= 2) {
            crowded_.store(false, std::memory_order_relaxed);
            par::join(
                here, [this, patience](par::context& c) { work(c, patience); },
                [this](par::context& c) { help(c); });
        }
    }

    // What is before it has had its turn; what is behind was at most prepared. After `run`.
    [[nodiscard]] std::size_t reached() const noexcept {
        return turn_.load(std::memory_order_acquire) & ~failed;
    }

private:
    // Tiles grow until one meets a beat; from then on they are halved whenever one does.
    static constexpr std::size_t fast = 16;
    static constexpr std::size_t slow = 2;
    static constexpr auto beat = std::chrono::microseconds(100);

    void help(par::context& here) {
        if (over() || crowded_.load(std::memory_order_relaxed)) return;
        par::join(
            here, [this](par::context& c) { work(c, 0); }, [this](par::context& c) { help(c); });
    }

    [[nodiscard]] bool over() const noexcept {
        return next_.load(std::memory_order_relaxed) >= size_ || has_failed();
    }

    // `patience`: how many tiles more once it is crowded.
    void work(par::context& here, std::size_t patience) {
        try {
            typename Work::tile tile;
            std::size_t length = Work::granule;
            std::size_t growth = fast;
            for (bool first = true; !has_failed(); first = false) {
                if (here.poked()) [[unlikely]] {
                    if (here.meter() != nullptr) return work_measured(here, tile);
                    here.beat();
                    // Found at the first look, it says nothing about the cost of an element.
                    if (!first) {
                        growth = slow;
                        length =
                            std::max(Work::granule, length / 4 / Work::granule * Work::granule);
                    }
                }
                if (crowded_.load(std::memory_order_relaxed) && patience-- == 0) return;
                const std::size_t from = take(length);
                if (from >= size_) return;
                const std::size_t to = std::min(size_, from + length);
                if (!run_tile(here, tile, from, to)) return;
                length = std::min(length * growth, Work::largest);
            }
        } catch (...) {
            fail();
            throw;
        }
    }

    // All tiles, as several threads would do them: each is a branch, but for its turn, which
    // follows that of the tile before.
    void work_measured(par::context& here, typename Work::tile& tile) {
        measured_branches tiles(here);
        work_path turns = tiles.reached();
        std::size_t length = Work::granule;
        for (std::size_t from = take(length); from < size_; from = take(length)) {
            const std::size_t to = std::min(size_, from + length);
            tiles.begin();
            work_.prepare(here, tile, from, to);
            tiles.follow(turns);
            work_.turn(here, tile, from, to);
            end_turn(from, to);
            turns = tiles.reached();
            work_.finish(here, tile, from, to);
            if (2 * tiles.end() < beat) length = std::min(length * slow, Work::largest);
        }
    }

    // Not by a plain addition, which threads that come late could let run over.
    std::size_t take(std::size_t length) noexcept {
        std::size_t from = next_.load(std::memory_order_relaxed);
        while (from < size_ &&
               !next_.compare_exchange_weak(from, from + std::min(length, size_ - from),
                                            std::memory_order_relaxed)) {
        }
        return from;
    }

    bool run_tile(par::context& here, typename Work::tile& tile, std::size_t from, std::size_t to) {
        if constexpr (straight_work<Work>) {
            if (turn_.load(std::memory_order_acquire) == from) {
                work_.straight(here, from, to);
                end_turn(from, to);
                return true;
            }
        }
        work_.prepare(here, tile, from, to);
        if (!await_turn(from)) return false;
        work_.turn(here, tile, from, to);
        end_turn(from, to);
        work_.finish(here, tile, from, to);
        return true;
    }

    // False: somebody failed.
    bool await_turn(std::size_t from) noexcept {
        for (unsigned looks = 0;; ++looks) {
            const std::size_t seen = turn_.load(std::memory_order_acquire);
            if (seen == from) return true;
            if ((seen & failed) != 0) return false;
            if (looks < looks_before_sleep) {
                pause();
            } else {
                crowded_.store(true, std::memory_order_relaxed);
                turn_.wait(seen, std::memory_order_relaxed);
            }
        }
    }
    static constexpr unsigned looks_before_sleep = 8192;  // 100 to 300 us

    static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("yield");
#endif
    }

    // Not by a plain store, which might remove the mark of a failure.
    void end_turn(std::size_t from, std::size_t to) noexcept {
        turn_.fetch_add(to - from, std::memory_order_release);
        turn_.notify_all();
    }

    void fail() noexcept {
        turn_.fetch_or(failed, std::memory_order_relaxed);
        turn_.notify_all();
    }
    [[nodiscard]] bool has_failed() const noexcept {
        return (turn_.load(std::memory_order_relaxed) & failed) != 0;
    }

    // In `turn_`: no more turns. No range is that long.
    static constexpr std::size_t failed = ~(~std::size_t{0} >> 1);

    Work& work_;
    const std::size_t size_;
    atomic<bool> crowded_{false};
    alignas(64) atomic<std::size_t> next_{0};
    alignas(64) atomic<std::size_t> turn_{0};
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
