// The descriptors that an epoll instance watches.
//
// An event fetched by `epoll_wait` can arrive after its descriptor was forgotten. So registrations
// are never freed while the reactor lives, and each use of one has a generation, which is part of
// the token that epoll carries: an event of an earlier use is recognised, and dropped.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/reactor.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>

#include "direction.hpp"

namespace twill::inline TWILL_ABI::detail {

struct registration {
    direction<io_request> in;
    direction<io_request> out;
    std::uint32_t index = 0;
    // Changed while it is in no use. Who brings an edge of the use before, and has looked here
    // already, does no harm: see direction.hpp.
    atomic<std::uint32_t> generation{0};
    registration* next_free = nullptr;

    [[nodiscard]] std::uint64_t token() const noexcept {
        return (std::uint64_t{generation.load(std::memory_order_relaxed)} << 32U) | index;
    }
    // Whether it is still in the use that the token was made for. Relaxed: a token is handed to the
    // kernel after the change that made it, and comes back from there.
    [[nodiscard]] bool is_of(std::uint64_t token) const noexcept {
        return generation.load(std::memory_order_relaxed) == generation_of(token);
    }
    static std::uint32_t generation_of(std::uint64_t token) noexcept {
        return static_cast<std::uint32_t>(token >> 32U);
    }
};

class registrations {
public:
    // A free one, or null when memory is out. Any thread.
    registration* take() noexcept {
        std::lock_guard hold(lock_);
        if (free_ == nullptr && !grow()) return nullptr;
        registration* entry = free_;
        free_ = entry->next_free;
        return entry;
    }

    // Ends its generation. Any thread.
    void give_back(registration& entry) noexcept {
        // ~0 in both halves is the reactor's own token.
        entry.generation.store((entry.generation.load(std::memory_order_relaxed) + 1) & 0x7fffffffU,
                               std::memory_order_relaxed);
        entry.in.reset();
        entry.out.reset();
        std::lock_guard hold(lock_);
        entry.next_free = free_;
        free_ = &entry;
    }

    // The registration that a token was made for. Any thread. No lock: it is asked for each event,
    // and where one is never changes. The acquire pairs with the release in `grow`, which came
    // before there was such a token.
    registration& at(std::uint64_t token) noexcept {
        const auto index = static_cast<std::uint32_t>(token);
        const auto chunk = static_cast<std::size_t>(std::bit_width(index / first_chunk + 1)) - 1;
        return chunks_[chunk].load(std::memory_order_acquire)[index - first_of(chunk)];
    }

    registrations() = default;
    registrations(const registrations&) = delete;
    registrations& operator=(const registrations&) = delete;
    ~registrations() {
        for (auto& each : chunks_) delete[] each.load(std::memory_order_relaxed);
    }

private:
    // Each chunk is twice as large as the one before.
    static constexpr std::uint32_t first_chunk = 64;
    static constexpr std::size_t most_chunks = 26;  // beyond what a process can open

    static constexpr std::uint32_t size_of(std::size_t chunk) noexcept {
        return first_chunk << chunk;
    }
    static constexpr std::uint32_t first_of(std::size_t chunk) noexcept {
        return size_of(chunk) - first_chunk;
    }

    bool grow() noexcept {
        if (count_ == most_chunks) return false;
        auto* const made = new (std::nothrow) registration[size_of(count_)];
        if (made == nullptr) return false;
        for (std::uint32_t i = size_of(count_); i-- > 0;) {
            made[i].index = first_of(count_) + i;
            made[i].next_free = free_;
            free_ = &made[i];
        }
        chunks_[count_++].store(made, std::memory_order_release);
        return true;
    }

    futex_mutex lock_;  // guards the next two, and who stores to `chunks_`
    registration* free_ = nullptr;
    std::size_t count_ = 0;
    std::array<atomic<registration*>, most_chunks> chunks_{};
};

}  // namespace twill::inline TWILL_ABI::detail
