// The values and functions of a pipeline, and the threads that run it.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/pipeline_flow.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/join.hpp>
#include <twill/runtime/detail/work_meter.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace detail {

template <class F, class Input>
using stage_return_t =
    decltype(invoke_for(std::declval<par::context&>(), std::declval<F&>(), std::declval<Input>()));
template <class F, class Input>
using stage_value_t = std::conditional_t<std::is_void_v<stage_return_t<F, Input>>, std::monostate,
                                         std::decay_t<stage_return_t<F, Input>>>;

// std::tuple of std::optional of what each stage gives: the row of rooms that a token has.
template <class Rooms, class Input, class... Fs>
struct token_rooms {
    using type = Rooms;
};
template <class... Before, class Input, class F, class... Fs>
struct token_rooms<std::tuple<Before...>, Input, F, Fs...>
    : token_rooms<std::tuple<Before..., std::optional<stage_value_t<F, Input>>>,
                  stage_value_t<F, Input>, Fs...> {};

template <class Source, class... Fs>
class pipeline_run {
public:
    pipeline_run(std::size_t tokens, std::span<const bool> serial, Source& source, Fs&... functions)
        : flow_(tokens, serial),
          serial_(serial),
          rooms_(tokens),
          functions_(source, functions...) {}

    void carry_through(par::context& here) {
        // More threads than there are CPUs would only wait. At least a few: the pool may be larger.
        const std::size_t threads = std::max(4U, usable_cpus());
        run(here, std::min(rooms_.size(), threads));
    }

private:
    using source_value = typename std::decay_t<decltype(invoke_branch(
        std::declval<par::context&>(), std::declval<Source&>()))>::value_type;
    using rooms =
        typename token_rooms<std::tuple<std::optional<source_value>>, source_value, Fs...>::type;
    using step = pipeline_flow::step;

    // By up to `threads`: each offers the place beside it.
    void run(par::context& here, std::size_t threads) {
        if (threads == 1) return run_steps(here);
        par::join(
            here, [&](par::context& c) { run_steps(c); },
            [&, threads](par::context& c) { run(c, threads - 1); });
    }

    void run_steps(par::context& here) {
        try {
            step at{};
            while (flow_.take(at)) {
                bool produced = true;
                do {
                    if (here.poked()) {
                        if (here.meter() != nullptr) return run_measured(here, at);
                        here.beat();
                    }
                    produced = execute(here, at, std::index_sequence_for<Source, Fs...>());
                } while (flow_.finish(at, produced));
            }
        } catch (...) {
            flow_.fail();
            throw;
        }
    }

    // All steps, beginning with `at`: each is a branch that follows the step before with the same
    // value, or that which freed a token for it, and in a serial stage that of the value before.
    // One thread takes the same token for all values; several would take one after the other.
    void run_measured(par::context& here, step at) {
        measured_branches steps(here);
        std::vector<work_path> tokens(rooms_.size(), steps.reached());
        std::vector<work_path> stages(serial_.size(), steps.reached());
        do {
            bool produced = true;
            do {
                work_path& token = tokens[at.sequence % tokens.size()];
                work_path& stage = stages[at.stage];
                steps.begin();
                steps.follow(token);
                if (serial_[at.stage]) steps.follow(stage);
                produced = execute(here, at, std::index_sequence_for<Source, Fs...>());
                token = stage = steps.reached();
                steps.end();
            } while (flow_.finish(at, produced));
        } while (flow_.take(at));
    }

    template <std::size_t... I>
    bool execute(par::context& here, const step& at, std::index_sequence<I...>) {
        bool produced = false;
        static_cast<void>((
            (I == at.stage && (produced = execute_stage<I>(here, rooms_[at.token]), true)) || ...));
        return produced;
    }

    template <std::size_t I>
    bool execute_stage(par::context& here, rooms& token) {
        auto& function = std::get<I>(functions_);
        if constexpr (I == 0) {
            std::get<0>(token) = invoke_branch(here, function);
            return std::get<0>(token).has_value();
        } else {
            // The room is left before the stage runs: what it holds is not kept longer than needed.
            auto input = std::move(*std::get<I - 1>(token));
            std::get<I - 1>(token).reset();
            if constexpr (std::is_void_v<stage_return_t<std::remove_reference_t<decltype(function)>,
                                                        decltype(input)>>)
                invoke_for(here, function, std::move(input));
            else if constexpr (I == sizeof...(Fs))
                static_cast<void>(invoke_for(here, function, std::move(input)));
            else
                std::get<I>(token).emplace(invoke_for(here, function, std::move(input)));
            return true;
        }
    }

    pipeline_flow flow_;
    const std::span<const bool> serial_;
    std::vector<rooms> rooms_;
    std::tuple<Source&, Fs&...> functions_;
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
