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
    int reason = 0;
    model::thread canceller([&] {
        reason = 1;
        self.request_cancel();
    });

    auto op = std::make_unique<far_operation>();
    if (op->begin_in(self)) model::check(&home.take() == op.get(), "it is the operation");
    if (op->refused() || self.cancel_requested())
        model::check(reason == 1, "what came before the request is seen");
    if (!op->refused()) model::check(op->result != 0, "it is complete");
    model::check(self.suspended_in() == nullptr, "the slot is free again");
    op.reset();

    canceller.join();
    model::check(home.idle(), "ready once");
    far_operation next;
    model::check(!next.begin_in(self) && next.refused(), "a cancellation stays");
}

// The same while a third thread looks at what it is suspended in. It finds it whole, and as it was
// before it was completed or after, but not gone.
void look_while_it_completes_and_is_cancelled() {
    event_thread home;
    strand self(home);
    model::thread canceller([&] { self.request_cancel(); });
    model::thread visitor([&] {
        static_cast<void>(self.visit_suspension([](twill::suspension& in) {
            model::check(static_cast<far_operation&>(in).whole == 42, "it is made");
        }));
    });
    auto op = std::make_unique<far_operation>();
    if (op->begin_in(self)) model::check(&home.take() == op.get(), "it is the operation");
    if (!op->refused()) model::check(op->result != 0, "it is complete");
    op->whole = 0;
    op.reset();
    canceller.join();
    visitor.join();
    model::check(self.suspended_in() == nullptr, "the slot is free again");
    model::check(home.idle(), "ready once");
}

// And while it completes only.
void look_while_it_completes() {
    event_thread home;
    home.continues = model::choose(2) == 1;
    strand self(home);
    model::thread visitor([&] {
        static_cast<void>(self.visit_suspension([](twill::suspension& in) {
            model::check(static_cast<far_operation&>(in).whole == 42, "it is made");
        }));
    });
    for (int i = 0; i < 2; ++i) {
        auto op = std::make_unique<far_operation>();
        if (op->begin_in(self)) model::check(&home.take() == op.get(), "it is the operation");
        op->whole = 0;
    }
    visitor.join();
    model::check(home.idle(), "ready once");
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

const scenarios protocol{{bounded, complete_against_cancel},
                         {bounded, cancel_above_a_child_that_leaves},
                         {all, cancel_meets_attach},
                         {all, cancel_meets_a_shield},
                         {bounded, look_while_it_completes_and_is_cancelled},
                         {bounded, look_while_it_completes}};
const scenarios in_short{{narrow, complete_against_cancel},
                         {narrow, cancel_above_a_child_that_leaves},
                         {all, cancel_meets_attach},
                         {all, cancel_meets_a_shield},
                         {narrow, look_while_it_completes_and_is_cancelled},
                         {narrow, look_while_it_completes}};

TEST(context, an_operation_is_made_ready_once) { expect_holds(protocol[0]); }
TEST(context, a_child_may_leave_while_its_parent_is_cancelled) { expect_holds(protocol[1]); }
TEST(context, a_child_that_comes_late_is_cancelled) { expect_holds(protocol[2]); }
TEST(context, a_lifted_shield_passes_on_what_it_kept_off) { expect_holds(protocol[3]); }

TEST(context, a_visitor_delays_nobody_and_finds_the_operation_whole) {
    expect_holds(protocol[4]);
    expect_holds(protocol[5]);
}

TEST(context, needs_each_order) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    // What the loads acquire, the successful comparison that follows acquires again; so does `post`
    // whatever else the strand has to know.
    EXPECT_EQ(needless_orders(in_short, "core/context"),
              (names{"context::cancel_operation compare, failing: acquire -> relaxed",
                     "context::cancel_operation compare: acq_rel -> release",
                     "context::cancel_operation load: acquire -> relaxed",
                     "context::enter compare: acq_rel -> release",
                     "context::leave compare, failing: acquire -> relaxed",
                     "context::leave load: acquire -> relaxed",
                     "context::suspended_in load: acquire -> relaxed"}));
}

TEST(context, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(in_short, {{"context::enter compare", tear},
                                   {"context::leave compare", tear},
                                   {"context::leave compare", omit},
                                   {"context::cancel_operation compare", tear, 0},
                                   {"context::cancel_operation compare", tear, 1},
                                   {"context::cancel_operation compare", omit, 1},
                                   {"context::begin_visit compare", tear},
                                   {"context::end_visit add", omit},
                                   {"context::cancel_requested load", pretend}}),
              names{});
}

}  // namespace
}  // namespace model_test
