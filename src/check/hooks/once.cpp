// pthread_once, and call_once of C11. The word goes 0, 1 (somebody runs it), 2 (done), as glibc's
// does.
#include "check/hooks/once.hpp"

#include "check/held.hpp"
#include "check/scheduler.hpp"

namespace twill::inline TWILL_ABI::check {
namespace {

constexpr int fresh = 0;
constexpr int running = 1;
constexpr int done = 2;

bool is_not_running(const thread& asking) noexcept {
    return *static_cast<const int*>(asking.next.object) != running;
}
const thread* who_runs(const thread& asking) noexcept { return who_keeps(asking.next.object); }

// Puts the word where it belongs, also when the function throws or its thread is cancelled: then
// another call has to run it.
class turn {
public:
    turn(int& word, const step& at) noexcept : word_(word) {
        word_ = running;
        changed();  // for those who could have begun as well, and were not chosen
        keep_lock(at);
    }
    ~turn() {
        drop_lock(&word_);
        released(object_kind::once, &word_);
        word_ = next_;
        changed();
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    void succeeded() noexcept { next_ = done; }

private:
    int& word_;
    int next_ = fresh;
};

}  // namespace

int run_once(int& word, void (*function)(), const void* place) {
    // Those who come later hardly matter, and are many.
    if (word == done) {
        acquired(object_kind::once, &word);
        return 0;
    }
    const step at{action::run_once, object_kind::once, &word, place};
    wait_until(at, &is_not_running, {.holder = &who_runs});
    acquired(object_kind::once, &word);
    if (word == done) return 0;
    {
        turn mine(word, at);
        function();
        mine.succeeded();
    }
    point_behind(place);
    return 0;
}

}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int pthread_once(pthread_once_t* word, void (*function)()) {
    if (!controlled()) return TWILL_REAL(pthread_once)(word, function);
    return twill::check::run_once(*word, function, TWILL_CALLER);
}
