// compute_offer: each job on offer is run once, by its owner or by one thief, with its fields as
// they were published; and a job's frame may be gone as soon as it has ended.
#include <runtime/compute_offer.hpp>
#include <twill/runtime/detail/compute_context.hpp>

#include <array>
#include <memory>

#include "expectations.hpp"

namespace model_test {
namespace {

using twill::detail::compute_offer;
using twill::detail::fork_job;

// As in compute_worker::share. The runner writes `result`.
struct job : fork_job {
    job(int number, fork_job* parent) : fork_job(nullptr), input(number) {
        ::new (&shared) shared_state{pending, 0, nullptr, parent, nullptr, 0, nullptr, 0};
    }
    int input;
    int result = 0;
};

// As at the end of compute_worker::run.
void run(fork_job& what) {
    auto& one = static_cast<job&>(what);
    one.result = one.input + 1;
    one.shared.phase.exchange(fork_job::ended, std::memory_order_acq_rel);
}

// As in reclaim. The frame is gone when it returns.
void finish(compute_offer& offer, std::unique_ptr<job> mine) {
    if (offer.take_back(*mine)) {
        run(*mine);
    } else {
        while (mine->shared.phase.load(std::memory_order_acquire) != fork_job::ended) {
        }
    }
    model::check(mine->result == mine->input + 1, "it has run");
}

// An owner publishes jobs one after the other; two thieves claim what they see.
void owner_and_thieves() {
    compute_offer offer;
    const auto thief = [&] {
        if (fork_job* const got = offer.claim(0)) run(*got);
    };
    model::thread first(thief), second(thief);
    for (int i = 1; i <= 2; ++i) {
        auto mine = std::make_unique<job>(i, nullptr);
        offer.publish(*mine, 0, std::memory_order_release);
        finish(offer, std::move(mine));
    }
}

// A thief that decides by the depth, without touching the job.
void depth_decides() {
    compute_offer offer;
    model::thread thief([&] {
        if (fork_job* const got = offer.claim(2)) {
            model::check(static_cast<job*>(got)->input == 2, "it was forked deep enough");
            run(*got);
        }
    });
    for (int depth = 1; depth <= 2; ++depth) {
        auto mine = std::make_unique<job>(depth, nullptr);
        offer.publish(*mine, static_cast<std::uint32_t>(depth), std::memory_order_release);
        finish(offer, std::move(mine));
    }
}

// The next job goes into the place as soon as a thief has taken the last one, before that has run.
void the_place_is_used_again() {
    compute_offer offer;
    model::thread first([&] {
        if (fork_job* const got = offer.claim(0)) run(*got);
    });
    auto one = std::make_unique<job>(1, nullptr);
    auto two = std::make_unique<job>(2, nullptr);
    offer.publish(*one, 0, std::memory_order_release);
    if (offer.empty()) {
        offer.publish(*two, 0, std::memory_order_release);
        model::thread second([&] {
            if (fork_job* const got = offer.claim(0)) run(*got);
        });
        finish(offer, std::move(two));
        second.join();
    }
    finish(offer, std::move(one));
}

const scenarios protocol{
    {bounded, owner_and_thieves}, {all, depth_decides}, {bounded, the_place_is_used_again}};

TEST(offer, each_job_runs_once) { expect_holds(protocol[0]); }
TEST(offer, depth_is_decided_without_the_job) { expect_holds(protocol[1]); }
TEST(offer, its_place_is_used_again) { expect_holds(protocol[2]); }

TEST(offer, needs_each_order) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    // The release of a claim and the acquire of `empty` keep a claimer's load of the pointer before
    // the owner's next store to it, which the model's loads never see early. The acquire of a claim
    // is that of its look, done twice. The look is seq_cst for the search for sleepers.
    EXPECT_EQ(needless_orders(protocol, "compute_offer"),
              (names{"compute_offer::claim_exactly compare: acq_rel -> acquire",
                     "compute_offer::claim_exactly compare: acq_rel -> release",
                     "compute_offer::empty load: acquire -> relaxed",
                     "compute_offer::look load: seq_cst -> acquire"}));
}

TEST(offer, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(protocol, {{"compute_offer::take_back compare", tear},
                                   {"compute_offer::claim_exactly compare", tear},
                                   {"compute_offer::claim_exactly compare", omit},
                                   {"compute_offer::publish store", omit, 0},
                                   {"compute_offer::empty load", pretend}}),
              names{});
}

}  // namespace
}  // namespace model_test
