#include "model/pool_model.hpp"

#include "model/simulation.hpp"

#include <stdexcept>
#include <string>

namespace twill::inline TWILL_ABI::bench {
namespace {

void insist(bool holds, const workload& what, const char* rule) {
    if (!holds)
        throw std::logic_error("the model contradicts itself: " + what.name() + ": " + rule);
}

// What must hold of every simulation.
void check(const outcome& o, const simulation& world, const workload& what, unsigned cores,
           const costs& cost) {
    const extent all = what.total();
    insist(o.work == all.work, what, "all work is done, and once");
    // A part of a loop is a loop of its own.
    insist(o.forking >= static_cast<ticks>(all.forks) * cost.fork +
                            static_cast<ticks>(all.loops) * cost.loop,
           what, "all forks are made");
    insist(o.promotions == o.steals + o.taken_back, what, "who is offered is taken or taken back");
    insist(world.jobs_ended() == o.steals, what, "every job that was taken runs once");
    insist(o.took * static_cast<ticks>(cores) >= o.work, what, "no core does two things at once");
    insist(o.took >= all.span, what, "nothing is faster than its longest path");
    if (cores == 1)
        insist(o.steals != 0 || o.took >= o.work + o.forking + o.overhead, what,
               "one core takes the work and what the pool adds");
}

}  // namespace

outcome simulate(const workload& what, const model_options& how, const costs& cost,
                 const policy& otherwise) {
    simulation world(what, how, cost, otherwise);
    const outcome o = world.run();
    check(o, world, what, how.cores, cost);
    return o;
}

}  // namespace twill::inline TWILL_ABI::bench
