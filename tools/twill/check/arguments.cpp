#include "twill/check/arguments.hpp"

#include "twill/common/units.hpp"
#include "twill/common/unknown_option.hpp"

#include <twill/runtime/usable_cpus.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace twill_command::check {
namespace {

constexpr std::string_view help = R"(Usage: twill check [OPTIONS] [--] PROGRAM [ARGS]

Runs a threaded program again and again, each time under another schedule of its
threads, until it crashes, fails an assertion, deadlocks or misuses a lock; then
shows the interleaving that did it, and how to repeat it. The program is taken
as it is: nothing is compiled or changed.

  --schedules N       stop after N schedules (default: 1000; with --time: no
                      limit)
  --time T            stop after that time: 10, 1.5s, 500ms, 2m, 1h
  --seed S            another seed, another sequence of schedules (default: 1)
  --strategy S        how schedules are chosen: random, pct (or pct:DEPTH), pos,
                      urw, stall, or rotation, which takes turns (the default)
  --sync, --memory    switch threads at locks, atomics and the like only, or at
                      accesses to memory that they share too; or, with
                      --every-access, at all accesses. The latter two take a
                      program built by twill c++ (default: for such a program,
                      in turns)
  --jobs N            explore on N cores (default: 1)
  --keep-going        do not stop at the first failure
  --replay FILE       repeat one schedule: a file that was saved, or the
                      schedule itself
  --times N           with --replay: that often, and tell whether all runs were
                      alike
  --gdb               with --replay: under gdb, which stops before the last
                      context switch
  --gdb-command C     the same; gdb does C there, and ends (may be given more
                      than once)
  --save FILE         where to save the schedule that fails (default:
                      PROGRAM.replay, here)
  --cpus N            how many CPUs the program is told it has (default: 4)
  --exit-status N     the program's good exit status (default: 0)
  --json              print the result as JSON
  --junit FILE        write the result as JUnit XML
  --svg FILE          draw the interleaving of the worst failure: a lane a
                      thread, a column a step
  --github            also print annotations for GitHub Actions (default: when
                      it runs there)
  --suppress FILE     do not tell what the rules in FILE match: a line each with
                      a kind of finding and a function or a source file, as
                      globs
  -h, --help          print this

What does not end a run, such as a data race or locks taken in both orders, does
not end the search for worse; all is told at the end, the worst first. Ctrl-C
ends the search at once.

Not seen: accesses to memory by what was not built by twill c++; what weak
memory orders allow (runs are sequentially consistent); other processes and real
network peers; atomics in inline assembly.

Exit status: 0 nothing was found; 1 something was; 2 the command line is wrong,
or the program cannot be checked.
)";

constexpr std::uint64_t most_schedules = 1'000'000'000'000;

struct raw_options {
    std::vector<std::string> gdb_commands;
    std::string schedules, times, time, seed, strategy, jobs, replay, save, cpus, exit_status,
        junit, suppress, svg;
    bool sync = false, memory = false, every_access = false, keep_going = false, json = false,
         github = false, gdb = false, help = false;
};

void declare(CLI::App& app, raw_options& into) {
    app.set_help_flag();
    app.add_option("--schedules", into.schedules);
    app.add_option("--time", into.time);
    app.add_option("--times", into.times);
    app.add_option("--seed", into.seed);
    app.add_option("--strategy", into.strategy);
    app.add_option("--jobs,-j", into.jobs);
    app.add_option("--replay", into.replay);
    app.add_option("--save", into.save);
    app.add_option("--cpus", into.cpus);
    app.add_option("--exit-status", into.exit_status);
    app.add_option("--junit", into.junit);
    app.add_option("--suppress", into.suppress);
    app.add_option("--svg", into.svg);
    app.add_flag("--github", into.github);
    app.add_flag("--gdb", into.gdb);
    app.add_option("--gdb-command", into.gdb_commands)->allow_extra_args(false);
    app.add_flag("--sync", into.sync);
    app.add_flag("--memory", into.memory);
    app.add_flag("--every-access", into.every_access);
    app.add_flag("--keep-going", into.keep_going);
    app.add_flag("--json", into.json);
    app.add_flag("-h,--help", into.help);
}

reply refusal(std::string text) { return {false, std::move(text)}; }

// Takes the number that `text` is, if it is one from `least` to `most`; says what is wrong.
template <class Number>
std::optional<reply> take_number(std::string_view option, const std::string& text, Number least,
                                 Number most, Number& into) {
    if (text.empty()) return std::nullopt;
    Number value{};
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || rest != end || value < least || value > most)
        return refusal(
            fmt::format("{} takes a number from {} to {}, not '{}'", option, least, most, text));
    into = value;
    return std::nullopt;
}

std::optional<reply> take_points(const raw_options& raw, arguments& into) {
    using enum twill::check::points_wanted;
    if (int{raw.sync} + int{raw.memory} + int{raw.every_access} > 1)
        return refusal("--sync, --memory and --every-access exclude each other");
    into.points = raw.sync ? sync : raw.memory ? memory : raw.every_access ? every : any;
    return std::nullopt;
}

std::optional<reply> take_strategy(const raw_options& raw, arguments& into) {
    using enum twill::check::strategy_kind;
    constexpr std::pair<std::string_view, twill::check::strategy_kind> all[] = {
        {"rotation", rotation}, {"random", random}, {"pct", pct},
        {"pos", pos},           {"urw", urw},       {"stall", stall}};
    if (raw.strategy.empty()) return std::nullopt;
    const auto colon = raw.strategy.find(':');
    const auto name = raw.strategy.substr(0, colon);
    for (const auto& [word, kind] : all) {
        if (word != name) continue;
        into.strategy = kind;
        if (colon == std::string::npos) return std::nullopt;
        if (kind == pct)
            return take_number("--strategy pct:", raw.strategy.substr(colon + 1), 1U, 16U,
                               into.pct_depth);
    }
    return refusal(fmt::format(
        "no strategy '{}'; there are: rotation, random, pct, pct:DEPTH, pos, urw, stall",
        raw.strategy));
}

std::optional<reply> convert(const raw_options& raw, arguments& into) {
    if (auto wrong = take_points(raw, into)) return wrong;
    if (auto wrong = take_strategy(raw, into)) return wrong;
    into.keep_going = raw.keep_going;
    into.json = raw.json;
    into.junit = raw.junit;
    into.suppress = raw.suppress;
    into.svg = raw.svg;
    const char* const actions = std::getenv("GITHUB_ACTIONS");
    into.github = raw.github || (actions != nullptr && std::string_view(actions) == "true");
    into.save = raw.save;
    if (!raw.replay.empty()) into.replay = raw.replay;
    if (!raw.time.empty()) {
        into.time = parse_duration(raw.time);
        if (!into.time)
            return refusal(fmt::format(
                "--time takes seconds, or a time such as 500ms, 2s, 1m, 1h; not '{}'", raw.time));
        into.schedules = most_schedules;
    }
    if (auto wrong = take_number<std::uint64_t>("--schedules", raw.schedules, 1, most_schedules,
                                                into.schedules))
        return wrong;
    if (auto wrong =
            take_number<std::uint64_t>("--seed", raw.seed, 0, ~std::uint64_t{0}, into.seed))
        return wrong;
    into.gdb = raw.gdb || !raw.gdb_commands.empty();
    into.gdb_commands = raw.gdb_commands;
    if (into.gdb && raw.replay.empty())
        return refusal("--gdb is for a schedule to --replay, and none is given");
    if (!raw.times.empty() && raw.replay.empty())
        return refusal("--times says how often to --replay a schedule, and none is given");
    if (auto wrong =
            take_number<std::uint64_t>("--times", raw.times, 1, most_schedules, into.times))
        return wrong;
    if (auto wrong = take_number("--jobs", raw.jobs, 1U, 1024U, into.jobs)) return wrong;
    if (auto wrong = take_number("--cpus", raw.cpus, 1U, 1024U, into.cpus)) return wrong;
    return take_number("--exit-status", raw.exit_status, 0, 255, into.good_status);
}

}  // namespace

std::variant<arguments, reply> parse(int argc, char** argv) {
    // CLI11 takes everything from the first word on that is no option as the program.
    CLI::App app;
    raw_options raw;
    declare(app, raw);
    app.prefix_command();
    std::vector<std::string> words(argv + 1, argv + argc);
    try {
        app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
    } catch (const CLI::ParseError& wrong) {
        return refusal(fmt::format("{}; see twill check --help", wrong.what()));
    }
    if (raw.help) return reply{true, std::string(help)};
    arguments understood;
    if (auto wrong = convert(raw, understood)) return *wrong;
    understood.program = app.remaining();
    if (!understood.program.empty() && understood.program.front() == "--")
        understood.program.erase(understood.program.begin());
    else if (!understood.program.empty() && understood.program.front().starts_with('-'))
        return refusal(unknown_option(app, understood.program.front(), "twill check"));
    if (understood.program.empty())
        return refusal("no program; write it after the options: twill check -- ./my_test");
    return understood;
}

}  // namespace twill_command::check
