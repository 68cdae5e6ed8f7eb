// The event worker: no post from another thread is missed by a worker that goes to sleep, and no
// timer that another thread arms.
#include <twill/runtime/detail/event_worker.hpp>

#include "expectations.hpp"
#include "quiet_reactor.hpp"

namespace model_test {
namespace {

using twill::detail::event_worker;

// Runs once, and stops the worker when all have.
struct job : twill::runnable {
    job() : runnable(&job::execute) {}
    static void execute(twill::runnable& self) noexcept {
        auto& one = static_cast<job&>(self);
        model::check(++one.runs == 1, "a job runs once");
        model::check(one.input == 1, "what its poster did before is seen");
        if (--*one.left == 0) one.done->store(true);
    }
    int input = 0;
    int runs = 0;
    int* left = nullptr;
    twill::atomic<bool>* done = nullptr;
};

void post(event_worker& worker, job& what) {
    what.input = 1;
    worker.post(what);
}

// Two threads post to a worker that finds nothing to do, or not yet.
void posts_from_two_threads() {
    quiet_reactor io;
    event_worker worker(io);
    twill::atomic<bool> done{false};
    int left = 2;
    job jobs[2];
    for (job& each : jobs) {
        each.left = &left;
        each.done = &done;
    }
    model::thread first([&] { post(worker, jobs[0]); });
    model::thread second([&] { post(worker, jobs[1]); });
    worker.drive(done);
}

// One thread posts twice.
void posts_one_after_the_other() {
    quiet_reactor io;
    event_worker worker(io);
    twill::atomic<bool> done{false};
    int left = 2;
    job jobs[2];
    for (job& each : jobs) {
        each.left = &left;
        each.done = &done;
    }
    model::thread other([&] {
        post(worker, jobs[0]);
        post(worker, jobs[1]);
    });
    worker.drive(done);
}

struct alarm : twill::timer {
    alarm() : timer(&alarm::ring) {}
    static void ring(twill::timer& self) noexcept {
        auto& one = static_cast<alarm&>(self);
        model::check(++one.rang == 1, "a timer fires once");
        one.done->store(true);
    }
    int rang = 0;
    twill::atomic<bool>* done = nullptr;
};

// Another thread arms a timer that is earlier than the one the worker sleeps for, if it sleeps.
void timer_from_another_thread() {
    quiet_reactor io;
    event_worker worker(io);
    twill::atomic<bool> done{false};
    alarm late, early;
    twill::atomic<bool> late_done{false};
    late.done = &late_done;
    late.deadline = twill::time_point(std::chrono::seconds(10));
    worker.arm(late);
    early.done = &done;
    model::thread other([&] {
        early.deadline = twill::time_point(std::chrono::seconds(1));
        model::check(worker.arm(early), "armed");
    });
    worker.drive(done);
    model::check(early.rang == 1 && late.rang == 0, "in time");
    model::check(twill::now() < twill::time_point(std::chrono::seconds(2)), "in time");
    model::check(worker.disarm(late), "still pending");
}

// Another thread disarms the timer that the worker sleeps for: it fires, or it does not, and both
// know.
void timer_disarmed_by_another_thread() {
    quiet_reactor io;
    event_worker worker(io);
    twill::atomic<bool> done{false}, unused{false};
    alarm one;
    one.done = &unused;
    one.deadline = twill::time_point(std::chrono::milliseconds(1));
    int left = 1;
    job last;
    last.left = &left;
    last.done = &done;
    worker.arm(one);
    bool disarmed = false;
    model::thread other([&] {
        disarmed = worker.disarm(one);
        post(worker, last);
    });
    worker.drive(done);
    other.join();
    model::check(disarmed ? one.rang == 0 : one.rang == 1, "fired, or disarmed");
}

const scenarios protocol{{bounded, posts_from_two_threads},
                         {bounded, posts_one_after_the_other},
                         {bounded, timer_from_another_thread},
                         {bounded, timer_disarmed_by_another_thread}};
const scenarios in_short{{narrow, posts_from_two_threads},
                         {narrow, posts_one_after_the_other},
                         {narrow, timer_from_another_thread},
                         {narrow, timer_disarmed_by_another_thread}};

TEST(event_worker, misses_no_post) { expect_holds(protocol[0]); }
TEST(event_worker, misses_no_second_post) { expect_holds(protocol[1]); }
TEST(event_worker, sleeps_no_longer_than_the_earliest_timer) { expect_holds(protocol[2]); }
TEST(event_worker, timer_is_fired_or_disarmed) { expect_holds(protocol[3]); }

TEST(event_worker, needs_each_order) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    // The exchange elects one of several posters to pay for the wake-up, which any order does. The
    // others are for threads that lost the worker, of which there are none here.
    EXPECT_EQ(needless_orders(in_short, "event_worker."),
              (names{"event_worker::over load: seq_cst -> acquire",
                     "event_worker::park load: seq_cst -> acquire",
                     "event_worker::turn_until_done load: seq_cst -> acquire"}));
    // The release is for the crew.
    EXPECT_EQ(needless_orders(in_short, "injected_work."),
              (names{"injected_work::take_all exchange: acq_rel -> acquire",
                     "injected_work::wake exchange: seq_cst -> acq_rel"}));
}

TEST(event_worker, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(in_short,
                        {// Parks without looking again at what was injected, or at all.
                         {"injected_work::any load", pretend},
                         {"injected_work::seems_empty load", pretend},
                         {"injected_work::begin_sleep store", omit},
                         {"injected_work::wake load", pretend},
                         {"injected_work::take_all exchange", tear},
                         {"injected_work::push compare", tear},
                         {"injected_work::push compare", omit}}),
              names{});
}

}  // namespace
}  // namespace model_test
