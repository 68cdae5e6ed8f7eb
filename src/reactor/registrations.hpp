// The descriptors that an epoll instance watches.
//
// An event fetched by `epoll_wait` can arrive after its descriptor was forgotten. So registrations
// are never freed while the reactor lives, and each use of one has a generation, which is part of
// the token that epoll carries: an event of an earlier use is recognised, and dropped.
#pragma once

#include <twill/core/futex_mutex.hpp>
#include <twill/core/reactor.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

namespace twill::inline TWILL_ABI::detail {

// What waits for one direction of a descriptor. All fields are guarded by `lock`.
struct direction {
    futex_mutex lock;
    bool drained = false;  // a try would only say "would block"
    bool hung_up = false;  // no further edge will come
    // Whether a receive that came back short took all there was: see epoll.cpp.
    bool short_means_drained = false;
    io_request* waiting = nullptr;
};

struct registration {
    direction in;
    direction out;
    std::uint32_t index = 0;
    // Changed under both locks, read under either.
    std::uint32_t generation = 0;
    registration* next_free = nullptr;

    [[nodiscard]] std::uint64_t token() const noexcept {
        return (std::uint64_t{generation} << 32U) | index;
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
        {
            std::scoped_lock both(entry.in.lock, entry.out.lock);
            // ~0 in both halves is the reactor's own token.
            entry.generation = (entry.generation + 1) & 0x7fffffffU;
            entry.in.drained = entry.in.hung_up = entry.in.short_means_drained = false;
            entry.out.drained = entry.out.hung_up = false;
            entry.in.waiting = entry.out.waiting = nullptr;
        }
        std::lock_guard hold(lock_);
        entry.next_free = free_;
        free_ = &entry;
    }

    // The registration that a token was made for. Any thread.
    registration& at(std::uint64_t token) noexcept {
        const auto index = static_cast<std::uint32_t>(token);
        std::lock_guard hold(lock_);
        return (*chunks_[index / per_chunk])[index % per_chunk];
    }

private:
    static constexpr std::uint32_t per_chunk = 64;
    using chunk = std::array<registration, per_chunk>;

    bool grow() noexcept {
        try {
            chunks_.push_back(std::make_unique<chunk>());
        } catch (const std::bad_alloc&) {
            return false;
        }
        const auto base = static_cast<std::uint32_t>(chunks_.size() - 1) * per_chunk;
        chunk& made = *chunks_.back();
        for (std::uint32_t i = per_chunk; i-- > 0;) {
            made[i].index = base + i;
            made[i].next_free = free_;
            free_ = &made[i];
        }
        return true;
    }

    futex_mutex lock_;
    registration* free_ = nullptr;
    std::vector<std::unique_ptr<chunk>> chunks_;
};

}  // namespace twill::inline TWILL_ABI::detail
