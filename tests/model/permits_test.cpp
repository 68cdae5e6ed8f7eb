// Waiting at a place (async/detail/waiter) and permits: of granter and canceller one ends a wait,
// no permit is lost, and whoever has all of them is alone.
#include <twill/async/detail/permits.hpp>

#include "expectations.hpp"
#include "strand.hpp"

#include <memory>

namespace model_test {
namespace {

using twill::detail::permits;

// As what `co_await` makes of it.
class taking final : public twill::detail::place_wait {
public:
    taking(permits& from, std::uint64_t n) noexcept : place_wait("take", from) { amount = n; }
    // True: the strand is suspended, and will be posted.
    bool begin_in(twill::context& owner) noexcept { return begin(std::noop_coroutine(), owner); }
    [[nodiscard]] bool got_them() const noexcept {
        try {
            throw_if_cut();
            return true;
        } catch (const twill::cancelled&) {
            return false;
        }
    }
};

// A task waits for what another thread holds and gives back, while a third may cancel the task.
void grant_against_cancel() {
    event_thread home;
    strand self(home);
    permits one(1);
    int data = 0;
    model::check(one.try_take(1), "it is free");
    model::thread holder([&] {
        data = 1;
        one.give_back(1);
    });
    model::thread canceller([&] { self.request_cancel(); });
    auto op = std::make_unique<taking>(one, 1);
    if (op->begin_in(self)) model::check(&home.take() == op.get(), "it is the operation");
    const bool got = op->got_them();
    op.reset();
    if (got) {
        model::check(data == 1, "what was done before is seen");
        one.give_back(1);
    }
    holder.join();
    canceller.join();
    model::check(home.idle(), "ready once");
    model::check(one.free() == 1, "no permit is lost");
}

// Two threads go through a section one after the other, one by the list.
void sections_exclude() {
    event_thread home;
    strand self(home);
    permits one(1);
    int count = 0;
    model::thread other([&] {
        if (!one.try_take(1)) return;
        ++count;
        one.give_back(1);
    });
    taking op(one, 1);
    if (op.begin_in(self)) home.take();
    ++count;
    one.give_back(1);
    other.join();
    model::check(one.free() == 1, "no permit is lost");
}

// Who wants two waits; a permit each comes from two threads.
void two_from_two() {
    event_thread home;
    strand self(home);
    permits none(0);
    int first = 0, second = 0;
    model::thread one([&] {
        first = 1;
        none.give_back(1);
    });
    model::thread other([&] {
        second = 1;
        none.give_back(1);
    });
    taking op(none, 2);
    if (op.begin_in(self)) home.take();
    model::check(first == 1 && second == 1, "what both did before is seen");
    one.join();
    other.join();
    model::check(none.free() == 0, "both are taken");
}

// Who takes the last permit destroys them, while the other is hardly out.
void taken_and_destroyed() {
    event_thread home;
    strand self(home);
    auto all = std::make_unique<permits>(0);
    model::thread other([&p = *all] { p.give_back(1); });
    if (!all->try_take(1)) {
        taking op(*all, 1);
        if (op.begin_in(self)) home.take();
    }
    all.reset();
}

const scenarios protocol{{bounded, grant_against_cancel},
                         {bounded, sections_exclude},
                         {bounded, two_from_two},
                         {bounded, taken_and_destroyed}};
const scenarios in_short{{narrow, grant_against_cancel},
                         {narrow, sections_exclude},
                         {narrow, two_from_two},
                         {narrow, taken_and_destroyed}};

TEST(permits, grant_or_cancellation_ends_a_wait) { expect_holds(protocol[0]); }
TEST(permits, who_has_all_is_alone) { expect_holds(protocol[1]); }
TEST(permits, come_together_for_who_wants_many) { expect_holds(protocol[2]); }
TEST(permits, may_be_destroyed_by_who_took_them) { expect_holds(protocol[3]); }

TEST(permits, needs_each_order) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    // Those of `give_to_waiters` and `grant` are for who takes what they leave without the lock and
    // destroys it, while they are still inside: not modelled, because they may then still wake an
    // address where the lock was, which the kernel forgives and the model does not. `free` is for
    // other readers. What `queue` releases is for a chain of three.
    EXPECT_EQ(needless_orders(in_short, "permits"),
              (names{"permits::free load: acquire -> relaxed",
                     "permits::give_to_waiters add: acq_rel -> acquire",
                     "permits::give_to_waiters add: acq_rel -> release",
                     "permits::grant store: release -> relaxed",
                     "permits::queue compare: acq_rel -> acquire"}));
}

TEST(permits, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(in_short, {{"permits::try_take compare", tear},
                                   {"permits::give_back compare", tear},
                                   {"permits::give_back compare", omit},
                                   {"permits::give_to_waiters add", omit},
                                   {"permits::grant store", omit},
                                   {"permits::queue compare", tear},
                                   {"permits::queue compare", omit}}),
              names{});
}

}  // namespace
}  // namespace model_test
