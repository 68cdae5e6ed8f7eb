// The slots of all readers in the program, and those that a thread has at hand. What models do
// without.
#include <twill/async/detail/hazard.hpp>

#include <cstddef>

namespace twill::inline TWILL_ABI::detail {
namespace {

constinit hazard_slots all_slots;

constexpr std::size_t at_hand = 4;
struct slots_at_hand {
    hazard_slot* each[at_hand] = {};
    std::size_t count = 0;
    bool seen = false;  // its end is seen to
    bool gone = false;  // the thread ends
};
// Trivial, so that it can be used until the very end of the thread.
constinit thread_local slots_at_hand mine;

struct slots_at_end {
    ~slots_at_end() {
        mine.gone = true;
        while (mine.count != 0) hazard_slots::give_back(*mine.each[--mine.count]);
    }
    void see_to() noexcept { mine.seen = true; }
};
thread_local slots_at_end give_back_at_end;

}  // namespace

// These two are not inlined into coroutines, which may go on on another thread.
[[gnu::noinline]] hazard_slot& take_hazard_slot() {
    if (mine.count != 0) return *mine.each[--mine.count];
    return all_slots.take();
}

[[gnu::noinline]] void give_hazard_slot_back(hazard_slot& one) noexcept {
    if (mine.count == at_hand || mine.gone) return hazard_slots::give_back(one);
    if (!mine.seen) give_back_at_end.see_to();
    mine.each[mine.count++] = &one;
}

bool anyone_reads(const void* what) noexcept { return all_slots.anyone_reads(what); }

}  // namespace twill::inline TWILL_ABI::detail
