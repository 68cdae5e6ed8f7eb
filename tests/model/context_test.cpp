// The cancellation slot and the tree (core/context): whoever completes an operation and whoever
// cancels it, exactly one makes the waiter ready, and neither touches what is gone.
#include "strand.hpp"

#include <memory>

#include "expectations.hpp"

namespace model_test {
namespace {

// A strand suspends in an operation, while one thread completes that and another cancels the
// strand. The operation is gone as soon as the strand goes on.
void complete_against_cancel() {
    event_thread home;
    home.continues = model::choose(2) == 1;
    strand self(home);
    model::thread canceller([&] { self.request_cancel(); });

    auto op = std::make_unique<far_operation>();
    if (op->begin_in(self)) model::check(&home.take() == op.get(), "it is the operation");
    if (!op->refused()) model::check(op->result != 0, "it is complete");
    model::check(self.suspended_in() == nullptr, "the slot is free again");
    op.reset();

    canceller.join();
    model::check(home.idle(), "ready once");
    far_operation next;
    model::check(!next.begin_in(self) && next.refused(), "a cancellation stays");
}

// The parent is cancelled while its child comes, works and goes.
void cancel_above_a_child_that_leaves() {
    event_thread home;
    strand above(home);
    model::thread canceller([&] { above.request_cancel(); });
    {
        auto child = std::make_unique<strand>(home);
        child->attach_to(above);
        far_operation op;
        if (op.begin_in(*child)) home.take();
        child->detach();
    }
    canceller.join();
    model::check(home.idle(), "ready once");
}

// A child that comes late is cancelled as well.
void cancel_meets_attach() {
    event_thread home;
    strand above(home);
    strand child(home);
    model::thread canceller([&] { above.request_cancel(); });
    child.attach_to(above);
    canceller.join();
    model::check(child.cancel_requested(), "told");
    child.detach();
}

// What a shield keeps off arrives when it is lifted.
void cancel_meets_a_shield() {
    event_thread home;
    strand above(home);
    strand child(home);
    child.shield();
    child.attach_to(above);
    model::thread canceller([&] { above.request_cancel(); });
    child.unshield();
    canceller.join();
    model::check(child.cancel_requested(), "told in the end");
    child.detach();
}

constexpr model::settings bounded{.how = model::search::bounded};

TEST(context, an_operation_is_made_ready_once) { expect_holds(bounded, complete_against_cancel); }
TEST(context, a_child_may_leave_while_its_parent_is_cancelled) {
    expect_holds(bounded, cancel_above_a_child_that_leaves);
}
TEST(context, a_child_that_comes_late_is_cancelled) { expect_holds({}, cancel_meets_attach); }
TEST(context, a_lifted_shield_passes_on_what_it_kept_off) {
    expect_holds({}, cancel_meets_a_shield);
}

}  // namespace
}  // namespace model_test
