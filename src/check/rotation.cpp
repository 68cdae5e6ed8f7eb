#include "check/rotation.hpp"

#include <charconv>
#include <iterator>
#include <string_view>

namespace twill::inline TWILL_ABI::check {
namespace {

constexpr std::string_view memory_word = "memory@";
constexpr std::string_view every_word = "every ";
constexpr std::string_view around_word = "around ";

}  // namespace

plan plan_of(const run_options& options, bool instrumented, std::uint64_t number) noexcept {
    if (number == 0) return {.profile = instrumented};

    // No strategy and no set of points is best: what makes one bug easier to hit makes another one
    // harder. Where accesses are points, there is hardly anything left behind a release.
    constexpr plan of_instrumented[] = {{strategy_kind::pos, granularity::memory},
                                        {strategy_kind::urw, granularity::memory},
                                        {strategy_kind::pct, granularity::memory},
                                        {strategy_kind::stall, granularity::memory},
                                        {strategy_kind::random, granularity::sync}};
    constexpr plan of_plain[] = {
        {strategy_kind::random, granularity::sync}, {strategy_kind::pos, granularity::around},
        {strategy_kind::urw, granularity::sync},    {strategy_kind::random, granularity::around},
        {strategy_kind::pct, granularity::sync},    {strategy_kind::stall, granularity::sync}};
    constexpr std::uint64_t of_memory = 4;
    plan made;
    if (!instrumented) {
        made = of_plain[number % std::size(of_plain)];
        if (made.strategy == strategy_kind::stall && number / std::size(of_plain) % 2 != 0)
            made.points = granularity::around;
    } else if (options.wanted == points_wanted::any) {
        made = of_instrumented[number % std::size(of_instrumented)];
    } else if (options.wanted != points_wanted::sync) {
        made = of_instrumented[number % of_memory];
    }
    // A use of what was freed behind an unlock takes no access of the program's own.
    if (instrumented && options.wanted == points_wanted::any && made.points == granularity::sync &&
        number / std::size(of_instrumented) % 2 != 0)
        made.points = granularity::around;
    if (options.strategy != strategy_kind::rotation) made.strategy = options.strategy;
    if (made.points == granularity::memory && options.wanted == points_wanted::every)
        made.points = granularity::every;
    return made;
}

std::size_t print(const schedule_prefix& what, char* to) noexcept {
    const char* const begin = to;
    if (what.points == granularity::every) {
        to += every_word.copy(to, every_word.size());
    } else if (what.points == granularity::around) {
        to += around_word.copy(to, around_word.size());
    } else if (what.points == granularity::memory) {
        to += memory_word.copy(to, memory_word.size());
        to = std::to_chars(to, to + 20, what.seed).ptr;
        *to++ = ' ';
    }
    return static_cast<std::size_t>(to - begin);
}

std::size_t parse(const char* text, std::size_t length, schedule_prefix& into) noexcept {
    const std::string_view all(text, length);
    if (all.starts_with(every_word)) {
        into = {granularity::every};
        return every_word.size();
    }
    if (all.starts_with(around_word)) {
        into = {granularity::around};
        return around_word.size();
    }
    if (!all.starts_with(memory_word)) return 0;
    into.points = granularity::memory;
    const auto seed = std::from_chars(text + memory_word.size(), text + length, into.seed);
    return seed.ec == std::errc() ? static_cast<std::size_t>(seed.ptr - text) : 0;
}

}  // namespace twill::inline TWILL_ABI::check
