// futex_mutex: sections exclude each other and see each other's effects, and no sleeper is
// forgotten.
#include <twill/core/futex_mutex.hpp>

#include <mutex>

#include "expectations.hpp"

namespace model_test {
namespace {

using twill::futex_mutex;

// Each thread once through the section; one of them, if it gets in at once.
void three_threads() {
    futex_mutex mutex;
    int count = 0;
    const auto section = [&] {
        std::lock_guard hold(mutex);
        ++count;
    };
    model::thread second(section), third(section);
    bool got_in = false;
    if (mutex.try_lock()) {
        got_in = true;
        ++count;
        mutex.unlock();
    }
    second.join();
    third.join();
    model::check(count == (got_in ? 3 : 2), "each section counted once");
}

const scenarios protocol{{bounded, three_threads}};

TEST(futex_mutex, excludes_and_forgets_nobody) { expect_holds(protocol[0]); }

TEST(futex_mutex, needs_each_order) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    EXPECT_EQ(needless_orders(protocol, "futex_mutex"), names{});
}

TEST(futex_mutex, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(protocol, {{"futex_mutex::lock compare", tear},
                                   {"futex_mutex::lock_slowly exchange", tear},
                                   {"futex_mutex::lock_slowly exchange", omit},
                                   {"futex_mutex::lock_slowly wait", sleep_blind},
                                   {"futex_mutex::unlock exchange", tear},
                                   {"futex_mutex::wake_one notify", omit}}),
              names{});
}

}  // namespace
}  // namespace model_test
