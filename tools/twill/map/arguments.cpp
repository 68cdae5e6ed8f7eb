#include "twill/map/arguments.hpp"

#include "twill/common/units.hpp"
#include "twill/common/unknown_option.hpp"
#include "twill/map/command_template.hpp"
#include "twill/map/foreign_options.hpp"
#include "twill/map/help.hpp"
#include "twill/map/results_folder.hpp"

#include <twill/runtime/usable_cpus.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

namespace twill_command {
namespace {

constexpr int most_jobs = 100'000;
constexpr int most_tries = 1'000'000;

// What CLI11 fills in.
struct raw_options {
    std::string jobs;
    std::string timeout;
    bool keep_order = false;
    bool dry_run = false;
    bool polite = false;
    bool greedy = false;
    bool explain = false;
    bool report = false;
    std::string timeline;
    std::string trace;
    bool null_separated = false;
    std::string joblog;
    std::string results;
    bool resume = false;
    bool retry_failed = false;
    bool no_sync = false;
    std::vector<std::string> environment;
    std::string arg_file;
    bool json_lines = false;
    std::string batch;
    bool worker = false;
    bool lengths = false;
    bool tag = false;
    std::string retries;
    std::string halt;
    std::string delay;
    std::string nice;
    std::string load;
    std::string memfree;
    bool help = false;
    bool help_all = false;
};

void declare(CLI::App& app, raw_options& into) {
    app.set_help_flag();
    app.add_option("-j,--jobs", into.jobs);
    app.add_option("-t,--timeout", into.timeout);
    app.add_flag("-k,--keep-order", into.keep_order);
    app.add_flag("-n,--dry-run", into.dry_run);
    app.add_flag("--polite", into.polite);
    app.add_flag("--greedy", into.greedy);
    app.add_flag("--explain", into.explain);
    app.add_flag("--report", into.report);
    app.add_option("--timeline", into.timeline);
    app.add_option("--trace", into.trace);
    app.add_flag("-0,--null", into.null_separated);
    app.add_option("--joblog", into.joblog);
    app.add_option("--results", into.results);
    app.add_flag("--resume", into.resume);
    app.add_flag("--retry-failed", into.retry_failed);
    app.add_flag("--no-sync", into.no_sync);
    // One each time, any number of times.
    app.add_option("--env", into.environment)->expected(1)->take_all();
    app.add_option("-a,--arg-file", into.arg_file);
    app.add_flag("--jsonl", into.json_lines);
    app.add_option("--batch", into.batch);
    app.add_flag("--worker", into.worker);
    app.add_flag("--lengths", into.lengths);
    app.add_flag("--tag", into.tag);
    app.add_option("--retries", into.retries);
    app.add_option("--halt", into.halt);
    app.add_option("--delay", into.delay);
    app.add_option("--nice", into.nice);
    app.add_option("--load", into.load);
    app.add_option("--memfree", into.memfree);
    app.add_flag("-h,--help", into.help);
    app.add_flag("--help-all", into.help_all);
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

bool is_number(std::string_view word) {
    return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

map_answer refusal(std::string text) { return {false, std::move(text)}; }

map_answer refuse_option(const CLI::App& app, const std::string& word) {
    if (const auto hint = foreign_option_hint(word); !hint.empty())
        return refusal(fmt::format("no option '{}'; {}", word, hint));
    return refusal(unknown_option(app, word, "twill map"));
}

// To xargs and GNU parallel, -n N is so many inputs a process.
map_answer not_a_dry_run(std::string_view number) {
    if (number == "1")
        return refusal("-n is --dry-run; each process has one input unless --batch says otherwise");
    return refusal(
        fmt::format("-n is --dry-run; {} inputs a process are --batch {}", number, number));
}

// Splits what follows the options into command and inputs; gives what is wrong, or nothing.
std::optional<map_answer> take_command(std::span<char* const> words, map_arguments& into) {
    const auto is_separator = [](std::string_view word) { return word == ":::" || word == "::::"; };
    const auto separator = std::ranges::find_if(words, is_separator);
    into.command = {words.begin(), separator};
    if (into.command.empty())
        return refusal("no command; write it after the options: twill map -j 4 -- gzip -9 {}");
    if (separator == words.end()) return std::nullopt;
    const std::span<char* const> behind(separator + 1, words.end());
    if (std::ranges::any_of(behind, is_separator))
        return refusal(fmt::format("a second '{}'; put all inputs behind the first",
                                   *std::ranges::find_if(behind, is_separator)));
    if (into.input_file)
        return refusal(
            fmt::format("--arg-file and '{}'; inputs come from one of them", *separator));
    if (std::string_view(*separator) == ":::") {
        into.inputs = behind;
        return std::nullopt;
    }
    if (behind.size() != 1) return refusal("'::::' takes one file; cat several into twill map");
    into.input_file = behind.front();
    return std::nullopt;
}

// An input comes to a worker over a pipe, and a worker stays.
std::optional<map_answer> check_worker(const map_arguments& all) {
    const auto refuse = [](std::string_view what) {
        return refusal(fmt::format("--worker: {}", what));
    };
    if (command_template(all.command, false).names_input())
        return refuse("inputs come over standard input; leave out '{}'");
    if (!all.batch.is_one()) return refuse("it has no use for --batch");
    if (all.json_lines) return refuse("it gets whole lines; leave out --jsonl");
    if (all.dry_run) return refuse("there is one command, and no dry run of it");
    if (all.delay || all.gate.asked_for())
        return refuse("--delay, --load and --memfree hold back processes, not inputs");
    return std::nullopt;
}

// What only shows when all is known.
std::optional<map_answer> check_together(const map_arguments& all) {
    if (all.worker != worker_protocol::none) return check_worker(all);
    if (all.batch.is_one()) return std::nullopt;
    if (!command_template(all.command, all.json_lines).takes_several())
        return refusal(
            "--batch needs '{}' as a word of its own, or no place for the input at all: several "
            "inputs become several words");
    if (all.results || all.tag)
        return refusal(
            fmt::format("{} needs a job for each input; leave out --batch, or use --joblog",
                        all.results ? "--results" : "--tag"));
    return std::nullopt;
}

// A whole number within bounds.
std::optional<int> number_in(const std::string& text, int least, int most) {
    int number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || rest != end || number < least || number > most) return std::nullopt;
    return number;
}

std::optional<map_answer> convert_jobs(const std::string& text, map_arguments& into) {
    if (text.empty() || text == "auto") return std::nullopt;
    const auto jobs = number_in(text, 1, most_jobs);
    if (!jobs)
        return refusal(
            fmt::format("-j takes auto, or a number from 1 to {}, not '{}'", most_jobs, text));
    into.jobs = static_cast<unsigned>(*jobs);
    return std::nullopt;
}

std::optional<map_answer> convert_numbers(const raw_options& raw, map_arguments& into) {
    if (!raw.retries.empty()) {
        const auto tries = number_in(raw.retries, 1, most_tries);
        if (!tries)
            return refusal(fmt::format(
                "--retries takes how often a job is tried in all, from 1 to {}; not '{}'",
                most_tries, raw.retries));
        into.tries = static_cast<unsigned>(*tries);
    }
    if (raw.nice.empty()) return std::nullopt;
    into.niceness = number_in(raw.nice, -20, 19);
    if (into.niceness) return std::nullopt;
    return refusal(fmt::format("--nice takes a number from -20 to 19, not '{}'", raw.nice));
}

std::optional<map_answer> convert_times(const raw_options& raw, map_arguments& into) {
    if (!raw.timeout.empty()) {
        const auto limit = time_limit::parse(raw.timeout);
        if (!limit)
            return refusal(fmt::format(
                "--timeout takes a time such as 10, 500ms, 2m, 1h, or a share of the median, above "
                "100%; not '{}'",
                raw.timeout));
        into.timeout = *limit;
    }
    if (raw.delay.empty()) return std::nullopt;
    into.delay = parse_duration(raw.delay);
    if (into.delay) return std::nullopt;
    return refusal(
        fmt::format("--delay takes seconds, or a time such as 500ms or 2s; not '{}'", raw.delay));
}

// "2.5", or "200%" of the CPUs.
std::optional<double> parse_load(std::string_view text) {
    const bool is_percent = text.ends_with('%');
    if (is_percent) text.remove_suffix(1);
    double load = 0;
    const auto [rest, error] = std::from_chars(text.begin(), text.end(), load);
    if (error != std::errc() || rest != text.end() || !(load > 0) || !std::isfinite(load))
        return std::nullopt;
    return is_percent ? load * twill::usable_cpus() / 100 : load;
}

std::optional<map_answer> convert_gate(const raw_options& raw, map_arguments& into) {
    into.gate = usual_limits();
    if (raw.load.empty() && raw.memfree.empty()) return std::nullopt;
    if (!raw.load.empty()) {
        into.gate.load = parse_load(raw.load);
        if (!into.gate.load)
            return refusal(fmt::format(
                "--load takes a number of runnable threads, or a share of the CPUs such as 80%; "
                "not '{}'",
                raw.load));
    }
    if (!raw.memfree.empty()) {
        into.gate.memory = parse_size(raw.memfree);
        if (!into.gate.memory)
            return refusal(
                fmt::format("--memfree takes bytes, as 500M or 2G; not '{}'", raw.memfree));
    }
    return std::nullopt;
}

std::optional<map_answer> convert_records(const raw_options& raw, map_arguments& into) {
    into.resume = raw.resume;
    into.retry_failed = raw.retry_failed;
    into.sync = !raw.no_sync;
    for (const auto& name : raw.environment)
        if (name.empty() || name.find('=') != std::string::npos)
            return refusal(fmt::format(
                "--env takes the name of a variable, not '{}'; its value is what it has here",
                name));
    into.environment = raw.environment;
    if (!raw.joblog.empty()) into.joblog = raw.joblog;
    if (!raw.results.empty()) into.results = raw.results;
    if (!into.goes_on() || into.log_path()) return std::nullopt;
    return refusal(
        fmt::format("{} needs the log of the earlier run: --joblog FILE, or --results DIR",
                    raw.resume ? "--resume" : "--retry-failed"));
}

std::optional<map_answer> convert_worker(const raw_options& raw, map_arguments& into) {
    if (raw.worker) into.worker = raw.lengths ? worker_protocol::lengths : worker_protocol::lines;
    if (raw.lengths && !raw.worker)
        return refusal("--lengths is how a worker that stays gets its inputs: --worker --lengths");
    return std::nullopt;
}

std::optional<map_answer> convert_manners(const raw_options& raw, map_arguments& into) {
    if (!raw.polite && !raw.greedy) return std::nullopt;
    if (raw.polite && raw.greedy) return refusal("--polite and --greedy contradict each other");
    if (into.jobs)
        return refusal(fmt::format("{} is for -j auto; -j {} is as many as it says",
                                   raw.polite ? "--polite" : "--greedy", *into.jobs));
    into.manners = raw.polite ? cpu_manners::polite : cpu_manners::greedy;
    return std::nullopt;
}

std::optional<map_answer> convert(const raw_options& raw, map_arguments& into) {
    into.keep_order = raw.keep_order;
    into.dry_run = raw.dry_run;
    into.null_separated = raw.null_separated;
    into.explain = raw.explain;
    into.report = raw.report;
    if (!raw.timeline.empty()) into.timeline = raw.timeline;
    if (!raw.trace.empty()) into.trace = raw.trace;
    into.json_lines = raw.json_lines;
    if (!raw.arg_file.empty()) into.input_file = raw.arg_file;
    into.tag = raw.tag;
    if (!raw.halt.empty()) {
        const auto halt = parse_halt(raw.halt);
        if (!halt)
            return refusal(fmt::format(
                "--halt takes never, or soon or now with fail, success or done and how many: "
                "now,fail=1, soon,fail=20%; not '{}'",
                raw.halt));
        into.halt = *halt;
    }
    if (!raw.batch.empty()) {
        const auto batch = batch_size::parse(raw.batch);
        if (!batch)
            return refusal(
                fmt::format("--batch takes auto, or a number from 1 on; not '{}'", raw.batch));
        into.batch = *batch;
    }
    for (const auto& step :
         {convert_jobs(raw.jobs, into), convert_numbers(raw, into), convert_manners(raw, into),
          convert_times(raw, into), convert_gate(raw, into), convert_records(raw, into),
          convert_worker(raw, into)})
        if (step) return step;
    return std::nullopt;
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
        for (const std::string_view word : words.first(options))
            if (word.starts_with("-n") && is_number(word.substr(2)))
                return not_a_dry_run(word.substr(2));
        return refuse_option(app, app.remaining().front());
    } catch (const CLI::ArgumentMismatch&) {
        return refusal(fmt::format("{} needs a value; see twill map --help", words[options - 1]));
    } catch (const CLI::ParseError& wrong) {
        return refusal(fmt::format("{}; see twill map --help", wrong.what()));
    }
    if (raw.help) return map_answer{true, map_help()};
    if (raw.help_all) return map_answer{true, map_help_all()};

    map_arguments understood;
    if (auto wrong = convert(raw, understood)) return *wrong;
    auto rest = words.subspan(options);
    if (!rest.empty() && std::string_view(rest.front()) == "--") rest = rest.subspan(1);
    if (auto wrong = take_command(rest, understood)) return *wrong;
    if (understood.dry_run && is_number(understood.command.front()))
        return not_a_dry_run(understood.command.front());
    if (auto wrong = check_together(understood)) return *wrong;
    return understood;
}

}  // namespace twill_command
