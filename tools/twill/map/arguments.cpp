#include "twill/map/arguments.hpp"

#include "twill/common/suggestion.hpp"
#include "twill/common/units.hpp"
#include "twill/map/results_folder.hpp"

#include <twill/runtime/usable_cpus.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

namespace twill_command {
namespace {

constexpr unsigned most_jobs = 100'000;

constexpr std::string_view help = R"(Usage: twill map [OPTIONS] [--] COMMAND [ARGS] [::: INPUT...]

Runs COMMAND once for each input, several at a time. Inputs are what follows ':::',
else the lines of standard input (empty ones are skipped). '{}' in COMMAND or ARGS
stands for the input; without it the input is the last argument. No shell is involved:
for pipes and the like run  sh -c 'grep x "$1" | sort' sh {}

  -j, --jobs N        run at most N at a time (default: auto, as many as do good: the
                      CPUs, here @, or more where jobs wait)
      --explain       say at the end how many ran at a time, and why
  -k, --keep-order    print outputs in the order of the inputs
  -t, --timeout T     stop a job that takes longer: 10, 1.5s, 500ms, 2m, 1h
  -0, --null          inputs on standard input end with a NUL byte, not with a newline
      --joblog FILE   note each job that has ended, as GNU parallel does; .jsonl: as JSON
      --results DIR   keep what each job writes in DIR/INPUT/stdout and stderr, and a log
      --resume        run what an earlier run with this log did not come to
      --retry-failed  the same, and again what failed
  -n, --dry-run       print the commands, quoted for a shell, and run nothing
  -h, --help          print this

What a job writes is kept together and printed when it ends. Jobs read /dev/null.
Ctrl-C: start no more, wait for those that run. Twice: stop them.

Exit status: 0 all jobs succeeded; 1 to 100 that many failed; 101 more; 2 the command
line is wrong; 126, 127 COMMAND cannot be executed, was not found; 255 another error.

  twill map -j 4 -- gzip -9 {} ::: *.log
  find . -name '*.png' -print0 | twill map -0 -- convert {} {}.webp
)";

// What CLI11 fills in.
struct raw_options {
    std::string jobs;
    std::string timeout;
    bool keep_order = false;
    bool dry_run = false;
    bool explain = false;
    bool null_separated = false;
    std::string joblog;
    std::string results;
    bool resume = false;
    bool retry_failed = false;
    bool no_sync = false;
    std::vector<std::string> environment;
    bool help = false;
};

void declare(CLI::App& app, raw_options& into) {
    app.set_help_flag();
    app.add_option("-j,--jobs", into.jobs);
    app.add_option("-t,--timeout", into.timeout);
    app.add_flag("-k,--keep-order", into.keep_order);
    app.add_flag("-n,--dry-run", into.dry_run);
    app.add_flag("--explain", into.explain);
    app.add_flag("-0,--null", into.null_separated);
    app.add_option("--joblog", into.joblog);
    app.add_option("--results", into.results);
    app.add_flag("--resume", into.resume);
    app.add_flag("--retry-failed", into.retry_failed);
    app.add_flag("--no-sync", into.no_sync);
    // One each time, any number of times.
    app.add_option("--env", into.environment)->expected(1)->take_all();
    app.add_flag("-h,--help", into.help);
}

bool takes_value(const CLI::App& app, const std::string& option) {
    const auto* known = app.get_option_no_throw(option);
    return known != nullptr && known->get_items_expected_max() > 0;
}

// Whether the argument after `word`, an option or several short ones, is its value.
bool value_follows(const CLI::App& app, std::string_view word) {
    if (word.starts_with("--"))
        return word.find('=') == std::string_view::npos && takes_value(app, std::string(word));
    for (std::size_t i = 1; i < word.size(); ++i)
        if (takes_value(app, std::string("-") + word[i])) return i + 1 == word.size();
    return false;
}

// How many of `words` are options: they end at `--`, or before the first that is none.
std::size_t count_options(const CLI::App& app, std::span<char* const> words) {
    std::size_t count = 0;
    while (count < words.size()) {
        const std::string_view word = words[count];
        if (!word.starts_with('-') || word == "-" || word == "--") break;
        count += value_follows(app, word) ? 2 : 1;
    }
    return std::min(count, words.size());
}

map_answer refusal(std::string text) { return {false, std::move(text)}; }

map_answer unknown_option(const std::string& word) {
    const auto near = nearest(
        std::string_view(word).substr(0, word.find('=')),
        {"--jobs", "--keep-order", "--timeout", "--null", "--dry-run", "--explain", "--joblog",
         "--results", "--resume", "--retry-failed", "--no-sync", "--env", "--help"});
    return refusal(fmt::format("no option '{}'; {}", word,
                               near.empty() ? std::string("see twill map --help")
                                            : fmt::format("did you mean {}?", near)));
}

// Splits what follows the options into command and inputs; gives what is wrong, or nothing.
std::optional<map_answer> take_command(std::span<char* const> words, map_arguments& into) {
    const auto is_separator = [](const char* word) { return std::string_view(word) == ":::"; };
    const auto separator = std::ranges::find_if(words, is_separator);
    into.command = {words.begin(), separator};
    if (into.command.empty())
        return refusal("no command; write it after the options: twill map -j 4 -- gzip -9 {}");
    if (separator == words.end()) return std::nullopt;
    into.inputs.emplace(separator + 1, words.end());
    if (std::ranges::any_of(*into.inputs, is_separator))
        return refusal("a second ':::'; put all inputs behind the first");
    return std::nullopt;
}

std::optional<map_answer> convert(const raw_options& raw, map_arguments& into) {
    into.keep_order = raw.keep_order;
    into.dry_run = raw.dry_run;
    into.null_separated = raw.null_separated;
    into.explain = raw.explain;
    into.resume = raw.resume;
    into.retry_failed = raw.retry_failed;
    into.sync = !raw.no_sync;
    into.environment = raw.environment;
    if (!raw.joblog.empty()) into.joblog = raw.joblog;
    if (!raw.results.empty()) into.results = raw.results;
    if (into.goes_on() && !into.log_path())
        return refusal(
            fmt::format("{} needs the log of the earlier run: --joblog FILE, or --results DIR",
                        raw.resume ? "--resume" : "--retry-failed"));
    if (!raw.jobs.empty() && raw.jobs != "auto") {
        unsigned jobs = 0;
        const char* const end = raw.jobs.data() + raw.jobs.size();
        const auto [rest, error] = std::from_chars(raw.jobs.data(), end, jobs);
        if (error != std::errc() || rest != end || jobs == 0 || jobs > most_jobs)
            return refusal(fmt::format("-j takes auto, or a number from 1 to {}, not '{}'",
                                       most_jobs, raw.jobs));
        into.jobs = jobs;
    }
    if (!raw.timeout.empty()) {
        into.timeout = parse_duration(raw.timeout);
        if (!into.timeout)
            return refusal(fmt::format(
                "--timeout takes seconds, or a time such as 500ms, 2s, 1m, 1h; not '{}'",
                raw.timeout));
    }
    return std::nullopt;
}

std::string help_here() {
    std::string text(help);
    return text.replace(text.find('@'), 1, std::to_string(twill::usable_cpus()));
}

}  // namespace

std::optional<std::string> map_arguments::log_path() const {
    if (joblog || !results) return joblog;
    return results_folder::log_in(*results);
}

std::variant<map_arguments, map_answer> parse_map_arguments(int argc, char** argv) {
    const std::span<char* const> words(argv + 1, static_cast<std::size_t>(argc - 1));
    CLI::App app;
    raw_options raw;
    declare(app, raw);
    const std::size_t options = count_options(app, words);
    try {
        // CLI11 takes the words from the back.
        const auto taken = words.first(options);
        app.parse(std::vector<std::string>(taken.rbegin(), taken.rend()));
    } catch (const CLI::ExtrasError&) {
        return unknown_option(app.remaining().front());
    } catch (const CLI::ArgumentMismatch&) {
        return refusal(fmt::format("{} needs a value; see twill map --help", words[options - 1]));
    } catch (const CLI::ParseError& wrong) {
        return refusal(fmt::format("{}; see twill map --help", wrong.what()));
    }
    if (raw.help) return map_answer{true, help_here()};

    map_arguments understood;
    if (auto wrong = convert(raw, understood)) return *wrong;
    auto rest = words.subspan(options);
    if (!rest.empty() && std::string_view(rest.front()) == "--") rest = rest.subspan(1);
    if (auto wrong = take_command(rest, understood)) return *wrong;
    return understood;
}

}  // namespace twill_command
