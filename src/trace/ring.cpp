#include "ring.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include <pthread.h>

namespace twill::inline TWILL_ABI::detail {

void ring::place(trace_word* slots, std::uint64_t capacity) noexcept {
    slots_ = slots;
    capacity_ = capacity;
}

void ring::push(const event& what) noexcept {
    const std::uint64_t number = published_.load(std::memory_order_relaxed);
    claimed_.store(number + 1, std::memory_order_relaxed);
    trace_word* slot = slots_ + (number & (capacity_ - 1)) * words_per_record;
    const auto at = static_cast<std::uint64_t>(what.at.time_since_epoch().count());
    const std::uint64_t tail = std::uint64_t{static_cast<std::uint8_t>(what.kind)} << 32;
    slot[0].store(at, std::memory_order_release);
    slot[1].store(what.subject, std::memory_order_release);
    slot[2].store(reinterpret_cast<std::uintptr_t>(what.label), std::memory_order_release);
    slot[3].store(tail | what.value, std::memory_order_release);
    published_.store(number + 1, std::memory_order_release);
    if (what.kind == event_kind::thread_start) [[unlikely]]
        label_.store(what.label, std::memory_order_release);
}

event ring::read(std::uint64_t number) const noexcept {
    const trace_word* slot = slots_ + (number & (capacity_ - 1)) * words_per_record;
    event result;
    const std::uint64_t at = slot[0].load(std::memory_order_acquire);
    result.at = time_point(duration(static_cast<duration::rep>(at)));
    result.subject = slot[1].load(std::memory_order_acquire);
    result.label = reinterpret_cast<const char*>(slot[2].load(std::memory_order_acquire));
    const std::uint64_t tail = slot[3].load(std::memory_order_acquire);
    result.value = static_cast<std::uint32_t>(tail);
    result.kind = static_cast<event_kind>(tail >> 32);
    return result;
}

void ring::enter(std::uint64_t now_session) noexcept {
    char name[16] = {};
    ::pthread_getname_np(::pthread_self(), name, sizeof name);
    for (std::size_t i = 0; i < 2; ++i) {
        std::uint64_t part = 0;
        std::memcpy(&part, name + i * sizeof part, sizeof part);
        kernel_name_[i].store(part, std::memory_order_relaxed);
    }
    label_.store(nullptr, std::memory_order_relaxed);
    first_.store(published_.load(std::memory_order_acquire), std::memory_order_relaxed);
    // Release: pairs with the acquire in `copy`, which then sees the stores above.
    session.store(now_session, std::memory_order_release);
}

bool ring::copy(std::uint64_t wanted, trace::thread_events& into) const {
    if (session.load(std::memory_order_acquire) != wanted) return false;
    const std::uint64_t first = first_.load(std::memory_order_relaxed);
    std::uint64_t end = 0;
    std::uint64_t kept_from = 0;
    // A reader that loses its CPU while the producer runs may find everything overwritten: then
    // what is here now is a better picture, and it is worth a few more tries.
    for (int attempt = 0; attempt < 4; ++attempt) {
        end = published_.load(std::memory_order_acquire);
        const std::uint64_t begin = std::max(first, oldest_below(end));
        into.events.clear();
        into.events.reserve(end - begin);
        for (std::uint64_t number = begin; number < end; ++number)
            into.events.push_back(read(number));
        kept_from = std::max(begin, oldest_below(claimed_.load(std::memory_order_relaxed)));
        const std::uint64_t overwritten = std::min(kept_from, end) - begin;
        into.events.erase(into.events.begin(),
                          into.events.begin() + static_cast<std::ptrdiff_t>(overwritten));
        if (overwritten <= (end - begin) / 2) break;
    }
    into.lost = std::min(kept_from, end) - first;

    if (const char* label = label_.load(std::memory_order_acquire); label != nullptr && *label) {
        into.name = label;
    } else {
        char name[16] = {};
        for (std::size_t i = 0; i < 2; ++i) {
            const std::uint64_t part = kernel_name_[i].load(std::memory_order_relaxed);
            std::memcpy(name + i * sizeof part, &part, sizeof part);
        }
        into.name.assign(name, ::strnlen(name, sizeof name));
    }
    into.id = owner.load(std::memory_order_relaxed);
    return true;
}

}  // namespace twill::inline TWILL_ABI::detail
