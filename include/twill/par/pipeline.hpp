// Sends values through a row of stages, several values at a time.
//
//     using namespace twill::par;
//     pipeline(16,  // at most 16 values under way
//              stage(serial_in_order, [&]() -> std::optional<std::string> { return next(in); }),
//              stage(parallel, [](std::string line) { return parse(line); }),
//              stage(serial_in_order, [&](record r) { write(out, r); }));
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/pipeline_run.hpp>

#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace par {

// One value at a time, in the order in which the source gave them.
struct serial_in_order_t {};
inline constexpr serial_in_order_t serial_in_order{};

// Any number of values at a time, in any order.
struct parallel_t {};
inline constexpr parallel_t parallel{};

template <class Mode, class F>
struct pipeline_stage {
    using mode = Mode;
    F function;
};

// `function` takes what the stage before gives, perhaps after a context&; the first stage, the
// source, takes nothing, is serial, and gives a std::optional, empty at the end.
template <class F>
pipeline_stage<serial_in_order_t, std::decay_t<F>> stage(serial_in_order_t, F&& function) {
    return {std::forward<F>(function)};
}
template <class F>
pipeline_stage<parallel_t, std::decay_t<F>> stage(parallel_t, F&& function) {
    return {std::forward<F>(function)};
}

// Runs until the source has given an empty optional and all values have gone through all stages;
// what the last stage gives is dropped. At most `tokens` values are between the beginning of the
// source and the end of the last stage. No thread is started for it: the calling thread alone
// carries it through, and others of the pool join in as they are free; one that finds nothing to do
// for a moment sleeps, and its core is free for other work.
//
// Throws: std::invalid_argument if `tokens` is 0; what a stage threw, when those that had begun
// have ended, while values still under way are dropped; `cancelled`, between two stages, if the
// region was asked to stop; std::bad_alloc. Any thread.
template <class Source, class... Stages>
void pipeline(context& here, std::size_t tokens, Source source, Stages... stages) {
    static_assert(std::is_same_v<typename Source::mode, serial_in_order_t>,
                  "the first stage of a pipeline is serial_in_order");
    if (tokens == 0) throw std::invalid_argument("pipeline: needs at least one token");
    constexpr bool serial[] = {true, std::is_same_v<typename Stages::mode, serial_in_order_t>...};
    detail::pipeline_run run(tokens, serial, source.function, stages.function...);
    run.carry_through(here);
}

template <class Source, class... Stages>
void pipeline(std::size_t tokens, Source source, Stages... stages) {
    region([&](context& here) { pipeline(here, tokens, std::move(source), std::move(stages)...); });
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
