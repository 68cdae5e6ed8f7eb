// An event worker that is taken from a thread which does not come back: it has one holder at any
// time, none of its work is lost or done twice, and the thread that called `drive` gets it again.
#include <runtime/event_seat.hpp>
#include <twill/runtime/detail/event_worker.hpp>
#include <twill/runtime/detail/tenure.hpp>

#include <cstdint>

#include "expectations.hpp"
#include "quiet_reactor.hpp"

namespace model_test {
namespace {

using twill::detail::event_worker;
using twill::detail::tenure;

// ---- the tenure by itself

// Somebody tries, twice, to take what the holder uses.
void a_holder_and_one_who_takes() {
    tenure hold;
    int data = 0;
    bool lost = false;
    bool took = false;
    model::thread other([&] {
        for (int i = 0; i < 2 && !took; ++i) took = hold.take();
        if (took) ++data;
    });
    for (std::uint64_t turn = 1; turn <= 2 && !lost; ++turn) {
        ++data;
        hold.begin_turn(turn, 0, false);
        lost = !hold.come_in();
    }
    other.join();
    model::check(!lost || took, "lost to somebody");
    model::check(!took || hold.is_lost(), "for good");
}

// The holder comes in in the middle of a turn, as for a post.
void a_visit_in_a_turn() {
    tenure hold;
    int data = 0;
    model::thread other([&] {
        if (hold.take()) ++data;
    });
    hold.begin_turn(1, 1, false);
    if (hold.come_in()) ++data;
    hold.note_others();
    hold.go_out();
    static_cast<void>(hold.spend());
    if (hold.come_in()) ++data;
}

// Who does not come back loses it at the first attempt.
void a_holder_who_stays_outside() {
    tenure hold;
    model::check(!hold.take(), "it has not gone out");
    hold.begin_turn(1, 0, false);
    model::check(hold.take(), "it is outside");
}

// ---- the worker

// Which thread called `drive`.
constinit TWILL_THREAD_LOCAL bool is_host = false;

struct job : twill::runnable {
    job() : runnable(&job::execute) {}
    static void execute(twill::runnable& self) noexcept {
        auto& one = static_cast<job&>(self);
        model::check(++one.runs == 1, "a job runs once");
        if (one.began != nullptr) {
            one.turn.store(twill::detail::seated->hold.look().turn);
            one.began->set();
        }
        if (one.waits_for != nullptr) one.waits_for->wait(0);
        if (one.lets_go != nullptr) {
            one.lets_go->store(1);
            one.lets_go->notify_all();
        }
        if (one.left == nullptr || one.left->fetch_sub(1) != 1) return;
        one.done->store(true);
        one.worker->end();
    }
    int runs = 0;
    twill::atomic<std::uint64_t> turn{0};
    model::event* began = nullptr;
    twill::atomic<int>* waits_for = nullptr;
    twill::atomic<int>* lets_go = nullptr;
    twill::atomic<int>* left = nullptr;
    twill::atomic<bool>* done = nullptr;
    event_worker* worker = nullptr;
};

// What the watchdog and a spare thread do.
void relieve(event_worker& worker, const job& of) {
    if (worker.want_relief(of.turn.load())) worker.relieve();
}

// A job that comes back when another has run, which needs another thread.
void a_stuck_job() {
    quiet_reactor io;
    event_worker worker(io, {.can_be_taken = true});
    twill::atomic<bool> done{false};
    twill::atomic<int> left{2}, go{0};
    model::event began;
    job stuck, other;
    for (job* each : {&stuck, &other}) {
        each->left = &left;
        each->done = &done;
        each->worker = &worker;
    }
    stuck.began = &began;
    stuck.waits_for = &go;
    other.lets_go = &go;
    worker.post(stuck);
    worker.post(other);
    model::thread substitute([&] {
        began.wait();
        relieve(worker, stuck);
    });
    worker.drive(done);
    model::check(worker.hand_overs() == 1, "it changed hands");
    model::check(stuck.runs == 1 && other.runs == 1, "all have run");
}

// A job that comes back at any moment.
void a_job_that_comes_back() {
    quiet_reactor io;
    event_worker worker(io, {.can_be_taken = true});
    twill::atomic<bool> done{false};
    twill::atomic<int> left{2};
    model::event began;
    job first, second;
    first.began = &began;
    for (job* each : {&first, &second}) {
        each->left = &left;
        each->done = &done;
        each->worker = &worker;
    }
    worker.post(first);
    worker.post(second);
    model::thread substitute([&] { relieve(worker, first); });
    worker.drive(done);
    substitute.join();
    model::check(first.runs == 1 && second.runs == 1, "all have run");
}

// A job that comes back before anybody relieves its thread, and one behind it that does not.
void a_stuck_job_behind_one_that_was() {
    quiet_reactor io;
    event_worker worker(io, {.can_be_taken = true});
    twill::atomic<bool> done{false};
    twill::atomic<int> left{3}, come_back{0}, go{0};
    model::event first_began, stuck_began;
    job first, stuck, other;
    for (job* each : {&first, &stuck, &other}) {
        each->left = &left;
        each->done = &done;
        each->worker = &worker;
        worker.post(*each);
    }
    first.began = &first_began;
    first.waits_for = &come_back;
    stuck.began = &stuck_began;
    stuck.waits_for = &go;
    other.lets_go = &go;
    model::thread substitute([&] {
        first_began.wait();
        model::check(worker.want_relief(first.turn.load()), "somebody is to be asked");
        come_back.store(1);
        come_back.notify_all();
        stuck_began.wait();
        model::check(!worker.want_relief(stuck.turn.load()), "somebody was asked");
        worker.relieve();
    });
    worker.drive(done);
    model::check(worker.hand_overs() == 1, "it changed hands");
}

// Tells when the host asks it for events after the stuck job has run.
class telling_reactor final : public quiet_reactor {
public:
    std::size_t poll(twill::duration limit) noexcept override {
        if (is_host && stuck.runs == 1) {
            told.store(1);
            told.notify_all();
        }
        return quiet_reactor::poll(limit);
    }
    job stuck;
    twill::atomic<int> told{0};
};

// The host has come back, and nothing else happens before it drives the worker again.
void the_host_gets_it_back() {
    telling_reactor io;
    event_worker worker(io, {.can_be_taken = true});
    twill::atomic<bool> done{false};
    twill::atomic<int> go{0}, left{1};
    model::event began;
    job other, last;
    io.stuck.began = &began;
    io.stuck.waits_for = &go;
    other.lets_go = &go;
    last.left = &left;
    last.done = &done;
    last.worker = &worker;
    worker.post(io.stuck);
    worker.post(other);
    model::thread substitute([&] {
        began.wait();
        relieve(worker, io.stuck);
    });
    model::thread poster([&] {
        io.told.wait(0);
        worker.post(last);
    });
    is_host = true;
    worker.drive(done);
    model::check(worker.hand_overs() == 1, "it changed hands");
}

const scenarios of_tenure{
    {all, a_holder_and_one_who_takes}, {all, a_visit_in_a_turn}, {all, a_holder_who_stays_outside}};
const scenarios of_worker{{bounded, a_stuck_job},
                          {bounded, a_job_that_comes_back},
                          {narrow, the_host_gets_it_back},
                          {narrow, a_stuck_job_behind_one_that_was}};
const scenarios in_short{
    {narrow, a_stuck_job}, {narrow, a_job_that_comes_back}, {narrow, the_host_gets_it_back}};

TEST(tenure, has_one_holder) { expect_holds(of_tenure[0]); }
TEST(tenure, has_one_holder_in_a_turn) { expect_holds(of_tenure[1]); }

TEST(tenure, is_taken_from_who_stays_outside) { expect_holds(of_tenure[2]); }

TEST(tenure, needs_each_order) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    // Those that are seq_cst are so for kernels without membarrier(), which the model is not; and
    // for event_worker::end. What others_wait says is nobody's to rely on.
    EXPECT_EQ(
        needless_orders(of_tenure, "tenure.hpp"),
        (names{"tenure::come_in load: seq_cst -> acquire",
               "tenure::contest compare, failing: seq_cst -> acquire",
               "tenure::contest compare: seq_cst -> acq_rel",
               "tenure::is_lost load: seq_cst -> acquire",
               "tenure::note_others store: release -> relaxed",
               "tenure::take compare, failing: seq_cst -> acquire",
               "tenure::take compare: seq_cst -> acq_rel", "tenure::take load: seq_cst -> acquire",
               "tenure::take store: seq_cst -> release"}));
}

TEST(tenure, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(of_tenure, {{"tenure::come_in store", omit},
                                    {"tenure::come_in load", pretend, 1},
                                    {"tenure::contest compare", tear},
                                    {"tenure::contest compare", omit},
                                    {"tenure::take store", omit},
                                    {"asymmetric_barrier::heavy barrier", omit},
                                    {"tenure::take load", pretend, 0, 1},
                                    {"tenure::take compare", tear}}),
              names{});
}

TEST(hand_over, a_stuck_job_holds_up_nobody) { expect_holds(of_worker[0]); }
TEST(hand_over, a_job_may_come_back_meanwhile) { expect_holds(of_worker[1]); }
TEST(hand_over, the_host_gets_the_worker_back) { expect_holds(of_worker[2]); }
TEST(hand_over, one_asked_for_an_earlier_job_relieves_the_stuck_one) { expect_holds(of_worker[3]); }

TEST(hand_over, needs_the_order_of_going_to_sleep) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    const scenarios one{in_short[2]};
    std::vector<model::site> sites = model::sites_of(one);
    std::erase_if(sites, [](const model::site& each) {
        return !each.title().starts_with("event_worker::park") &&
               !each.title().starts_with("injected_work::begin_sleep");
    });
    EXPECT_EQ(model::unnoticed(one, model::weaker_orders(sites)), names{});
}

TEST(hand_over, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(in_short, {{"event_worker::drive store", omit, 0},
                                   {"event_worker::pass_on store", omit},
                                   {"event_worker::pass_on notify", omit},
                                   {"event_worker::turn_until_done load", pretend},
                                   {"event_worker::park load", pretend},
                                   {"injected_work::wake load", pretend}}),
              names{});
}

}  // namespace
}  // namespace model_test
