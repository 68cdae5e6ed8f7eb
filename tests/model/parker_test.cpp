// compute_parker: no wake-up is lost, and what the waker did before is seen.
#include <runtime/compute_parker.hpp>

#include "expectations.hpp"

namespace model_test {
namespace {

using twill::detail::compute_parker;

// One thread waits for news from another, which come in two parts. For the second it looks as all
// callers of `park` do: two tokens may have become one.
void news() {
    compute_parker parker;
    twill::atomic<bool> second{false};
    int data = 0;
    model::thread other([&] {
        data = 1;
        parker.unpark();
        second.store(true, std::memory_order_relaxed);
        parker.unpark();
    });
    parker.park();
    model::check(data == 1, "what was done before is seen");
    while (!second.load(std::memory_order_relaxed)) parker.park();
}

const scenarios protocol{{all, news}};

TEST(parker, loses_no_news) { expect_holds(protocol[0]); }

TEST(parker, needs_each_order) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    EXPECT_EQ(needless_orders(protocol, "compute_parker"), names{});
}

TEST(parker, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(protocol, {{"compute_parker::unpark exchange", tear},
                                   {"compute_parker::unpark notify", omit},
                                   {"compute_parker::park wait", sleep_blind},
                                   {"compute_parker::park exchange", omit}}),
              names{});
}

}  // namespace
}  // namespace model_test
