// Several event workers: each piece of work is taken once, whoever steals; no post is missed by
// workers that go to sleep or leave; and the run ends when all threads have left.
#include <twill/runtime/detail/event_crew.hpp>
#include <twill/runtime/detail/steal_ring.hpp>

#include <optional>

#include "expectations.hpp"
#include "quiet_reactor.hpp"

namespace model_test {
namespace {

using twill::detail::event_crew;
using twill::detail::steal_ring;

// ---- the ring by itself

struct piece : twill::runnable {
    piece() : runnable(&piece::execute) {}
    static void execute(twill::runnable& self) noexcept {
        auto& one = static_cast<piece&>(self);
        model::check(++one.runs == 1, "a piece runs once");
        model::check(one.input == 1, "what its pusher did before is seen");
    }
    int input = 0;
    int runs = 0;
};

using small_ring = steal_ring<2>;

void push(small_ring& to, piece& what) {
    what.input = 1;
    if (!to.push(what)) what.execute(what);
}
void run_all(small_ring& of) {
    while (twill::runnable* const one = of.pop()) one->run(*one);
}

void an_owner_and_a_thief() {
    small_ring ring, own;
    piece pieces[3];
    model::thread thief([&] {
        static_cast<void>(ring.steal_into(own));
        run_all(own);
    });
    push(ring, pieces[0]);
    push(ring, pieces[1]);
    run_all(ring);
    push(ring, pieces[2]);
    thief.join();
    run_all(ring);
    for (const piece& each : pieces) model::check(each.runs == 1, "all have run");
}

void two_thieves() {
    small_ring ring, own[2];
    piece pieces[2];
    push(ring, pieces[0]);
    push(ring, pieces[1]);
    {
        model::thread first([&] {
            static_cast<void>(ring.steal_into(own[0]));
            run_all(own[0]);
        });
        model::thread second([&] {
            static_cast<void>(ring.steal_into(own[1]));
            run_all(own[1]);
        });
    }
    run_all(ring);
    for (const piece& each : pieces) model::check(each.runs == 1, "all have run");
}

const scenarios of_ring{{all, an_owner_and_a_thief}, {all, two_thieves}};

TEST(steal_ring, gives_each_piece_once) { expect_holds(of_ring[0]); }
TEST(steal_ring, gives_each_piece_once_to_two_thieves) { expect_holds(of_ring[1]); }

TEST(steal_ring, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(of_ring, {{"steal_ring::pop compare", tear},
                                  {"steal_ring::steal_into compare", tear},
                                  {"steal_ring::steal_into compare", omit}}),
              names{});
}

// ---- the crew

// A further thread comes at once, when there is one.
class one_thread final : public twill::detail::thread_source {
public:
    bool call(twill::runnable& work) noexcept override {
        if (thread_) return false;
        thread_.emplace([&work] { work.run(work); });
        return true;
    }
    bool take_back(twill::runnable& /*work*/) noexcept override { return false; }

private:
    std::optional<model::thread> thread_;
};

struct job : twill::runnable {
    job() : runnable(&job::execute) {}
    static void execute(twill::runnable& self) noexcept {
        auto& one = static_cast<job&>(self);
        model::check(++one.runs == 1, "a job runs once");
        model::check(one.input == 1, "what its poster did before is seen");
        if (one.calls) static_cast<void>(one.crew->workers().front()->want_relief(0));
        if (one.left->fetch_sub(1) != 1) return;
        one.done->store(true);
        one.crew->end();
    }
    int input = 0;
    int runs = 0;
    bool calls = false;
    twill::atomic<int>* left = nullptr;
    twill::atomic<bool>* done = nullptr;
    event_crew* crew = nullptr;
};

// Another thread posts while the first job calls a further thread, which leaves.
void posts_while_one_comes_and_goes() {
    quiet_reactor io;
    one_thread threads;
    event_crew crew(io, threads, {.most_threads = 2});
    twill::atomic<bool> done{false};
    twill::atomic<int> left{2};
    job jobs[2];
    for (job& each : jobs) {
        each.left = &left;
        each.done = &done;
        each.crew = &crew;
        each.input = 1;
    }
    jobs[0].calls = true;
    crew.post(jobs[0]);
    model::thread other([&] { crew.post(jobs[1]); });
    crew.drive(done);
    model::check(crew.threads() == 1, "all have left");
    model::check(jobs[0].runs == 1 && jobs[1].runs == 1, "all have run");
}

// Nobody is called: as with one worker.
void posts_to_the_host() {
    quiet_reactor io;
    one_thread threads;
    event_crew crew(io, threads, {.most_threads = 2});
    twill::atomic<bool> done{false};
    twill::atomic<int> left{1};
    job only;
    only.left = &left;
    only.done = &done;
    only.crew = &crew;
    model::thread other([&] {
        only.input = 1;
        crew.post(only);
    });
    crew.drive(done);
}

const scenarios of_crew{{narrow, posts_while_one_comes_and_goes}, {narrow, posts_to_the_host}};

TEST(event_crew, misses_no_post_while_threads_come_and_go) { expect_holds(of_crew[0]); }
TEST(event_crew, misses_no_post) { expect_holds(of_crew[1]); }

TEST(event_crew, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(of_crew, {{"injected_work::any load", pretend},
                                  {"injected_work::wake load", pretend},
                                  {"injected_work::push compare", omit},
                                  {"injected_work::take_all exchange", tear}}),
              names{});
}

}  // namespace
}  // namespace model_test
