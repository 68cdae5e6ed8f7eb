#include "twill/check/exploration.hpp"

#include "twill/check/checked_program.hpp"
#include "twill/check/distinct_count.hpp"
#include "twill/check/ranking.hpp"
#include "twill/check/replay_file.hpp"
#include "twill/check/suppressions.hpp"
#include "twill/common/message.hpp"

#include <twill/core/time.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <set>
#include <utility>

namespace twill_command::check {
namespace {

// A core for each of `jobs`, of those that this process may use.
std::vector<unsigned> cores_for(unsigned jobs) {
    cpu_set_t usable;
    CPU_ZERO(&usable);
    ::sched_getaffinity(0, sizeof usable, &usable);
    std::vector<unsigned> all;
    for (unsigned i = 0; i < CPU_SETSIZE; ++i)
        if (CPU_ISSET(i, &usable)) all.push_back(i);
    std::vector<unsigned> chosen;
    // From the last on: the first is where most interrupts arrive.
    for (unsigned i = 0; i < jobs && !all.empty(); ++i)
        chosen.push_back(all[all.size() - 1 - i % all.size()]);
    return chosen;
}

double seconds_since(twill::time_point then) {
    return std::chrono::duration<double>(twill::now() - then).count();
}

constexpr std::uint64_t time_for_shrinking = 10'000'000'000;  // in nanoseconds

// Ctrl-C ends the search; what was found until then is told. A second one ends the command.
volatile std::sig_atomic_t interrupted = 0;

class interruptible {
public:
    interruptible() {
        struct sigaction how{};
        how.sa_handler = [](int) { interrupted = 1; };
        how.sa_flags = static_cast<int>(SA_RESETHAND);
        ::sigaction(SIGINT, &how, &before_);
    }
    ~interruptible() { ::sigaction(SIGINT, &before_, nullptr); }
    interruptible(const interruptible&) = delete;
    interruptible& operator=(const interruptible&) = delete;

private:
    struct sigaction before_ = {};
};

constexpr std::string_view exit_status = "exit-status";

// As in run_options::passed_over.
std::uint64_t bit_of(std::string_view kind_name) {
    using twill::check::finding_kind;
    for (auto kind = static_cast<unsigned>(finding_kind::signal);
         kind != static_cast<unsigned>(finding_kind::not_reproducible); ++kind)
        if (name_of(static_cast<finding_kind>(kind)) == kind_name) return std::uint64_t{1} << kind;
    return 0;
}

std::string places_of(const stack& all) {
    std::string text;
    for (const auto& each : all) text += fmt::format(":{}+{:x}", each.module, each.offset);
    return text;
}

// The same for what a user would call the same finding, whichever server comes with it. The words
// on what is only noted have numbers of threads in them, which differ from run to run; two parties
// may have exchanged their roles.
std::string identity_of(const finding_account& found) {
    auto text = fmt::format("{}:{}", found.kind, found.ended_run ? found.summary : "");
    std::string one = places_of(found.here), other = places_of(found.there);
    if (other < one) std::swap(one, other);
    return text + one + " " + other;
}

bool ended_badly(const failing_run& run) {
    return !run.findings.empty() && run.findings.front().ended_run;
}

// Whether `smaller` tells all that `run` does; of one that ended badly, that it did.
bool tells_all_of(const failing_run& run, const failing_run& smaller) {
    if (ended_badly(run) || ended_badly(smaller))
        return ended_badly(run) && ended_badly(smaller) &&
               run.findings.front().kind == smaller.findings.front().kind;
    return std::ranges::all_of(run.findings, [&](const auto& each) {
        return std::ranges::any_of(smaller.findings, [&](const auto& kept) {
            return identity_of(kept) == identity_of(each);
        });
    });
}

class exploration {
public:
    explicit exploration(const arguments& how) : how_(how), library_(find_check_library()) {
        if (!how.suppress.empty() && !how.replay) known_ = suppressions(how.suppress);
        made_.program = how.program;
        made_.seed = how.seed;
        made_.is_replay = how.replay.has_value();
        const auto cores = cores_for(how.jobs);
        for (unsigned i = 0; i < how.jobs; ++i) {
            const twill::duration little = std::chrono::seconds(5), much = std::chrono::seconds(60);
            programs_.push_back(std::make_unique<checked_program>(
                how.program, library_, std::clamp(how.time.value_or(much), little, much)));
            auto& session = programs_.back()->session();
            session.options.seed = how.seed;
            session.options.strategy = how.strategy;
            session.options.pct_depth = how.pct_depth;
            session.options.wanted = how.points;
            session.options.cpus = how.cpus;
            session.options.good_status = usual_status_ = how.good_status;
            // What is suppressed need not be shrunk.
            session.options.shrink_ns = known_.empty() ? time_for_shrinking : 0;
            // One alone moves about, see ask_for_more.
            if (how.jobs > 1 && !cores.empty()) session.options.core = cores[i % cores.size()] + 1;
        }
        if (programs_[0]->session().memory_mode == 0 &&
            (how.points == twill::check::points_wanted::memory ||
             how.points == twill::check::points_wanted::every))
            throw start_failure{fmt::format(
                "{} is not instrumented, so its accesses to memory cannot be seen; twill c++ "
                "builds it so",
                how.program[0])};
        made_.points = programs_[0]->session().memory_mode != 0 ? "memory" : "sync";
        if (made_.points == "sync") made_.unseen.emplace_back("accesses to memory (data races)");
        made_.unseen.emplace_back("weak memory orders (runs are sequentially consistent)");
        made_.unseen.emplace_back("other processes and real network peers");
        made_.unseen.emplace_back("atomics in inline assembly");
    }

    result& so_far() { return made_; }

    void run() {
        const auto began = twill::now();
        const interruptible by_ctrl_c;
        asked_.resize(programs_.size());
        // One run alone, which shows how the program ends if nothing happens to it; then all.
        ask_for_more(0, began);
        while (!given_up_ &&
               std::ranges::any_of(asked_, [](const auto& each) { return each.runs != 0; })) {
            for (const std::size_t i : wait_for_answers(began)) take(i);
            for (std::size_t i = 0; i != programs_.size(); ++i)
                if (asked_[i].runs == 0 && made_.schedules != 0 && !enough(began))
                    ask_for_more(i, began);
        }
        made_.left_behind = given_up_;
        made_.seconds = seconds_since(began);
        made_.interleavings = passed_.count();
        made_.interleavings_estimated = passed_.is_estimate();
        if (!how_.keep_going) tell_all();
        if (!interrupted && !has_failed_)
            std::ranges::copy_if(known_.rules(), std::back_inserter(made_.unused_rules),
                                 [](const suppression& rule) { return rule.used == 0; });
    }

    void replay_only(const std::string& schedule) {
        const auto began = twill::now();
        const interruptible by_ctrl_c;
        auto& with = *programs_[0];
        set_schedule(with, schedule);
        if (replay_with_events(with)) tell(take_account(with));
        first_end_ = end_of(with.session().result);
        made_.schedules = 1;
        for (; made_.schedules != how_.times && !interrupted; ++made_.schedules)
            if (!is_repeated(with, schedule)) ++made_.unlike;
        made_.seconds = seconds_since(began);
    }

private:
    bool enough(twill::time_point began) const {
        if (interrupted || (has_failed_ && !how_.keep_going)) return true;
        if (next_run_ >= how_.schedules && left_over_.empty()) return true;
        return is_time_over(began);
    }

    bool is_time_over(twill::time_point began) const {
        return how_.time && twill::now() - began >= *how_.time;
    }

    void ask_for_more(std::size_t i, twill::time_point began) {
        if (!left_over_.empty()) {
            asked_[i] = left_over_.back();
            left_over_.pop_back();
        } else {
            // About as many as take a quarter of a second: a limit of time is then kept closely.
            std::uint64_t runs = 1;
            const double seconds = seconds_since(began);
            if (made_.schedules > 0 && seconds > 0) {
                const double speed = static_cast<double>(made_.schedules) / seconds;
                runs = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(speed / 4), 1,
                                                 twill::check::most_passed);
            }
            runs = std::min(runs, how_.schedules - next_run_);
            if (runs == 0) return;
            asked_[i] = {.what = twill::check::task::explore, .first_run = next_run_, .runs = runs};
            next_run_ += runs;
        }
        auto& options = programs_[i]->session().options;
        options.passed_over = passed_over_;
        options.usual_status = usual_status_;
        // Pinned, runs are much faster. Where the kernel has put this process there is room: so
        // several commands at a time, as of ctest -j, do not meet on one core for good.
        if (programs_.size() == 1) options.core = static_cast<unsigned>(::sched_getcpu()) + 1;
        programs_[i]->ask(asked_[i]);
    }

    // The servers know that the search is over; one that does not answer, since its run goes on and
    // on, is not waited for.
    void hurry(twill::check::haste how) {
        if (hurry_ == how) return;
        hurry_ = how;
        hurried_at_ = twill::now();
        for (const auto& each : programs_) each->session().hurry = how;
    }

    bool has_hurried_enough() const {
        using twill::check::haste;
        // Longer than a server takes to see that a run is stuck or spins.
        constexpr auto for_a_finding = std::chrono::seconds(6);
        constexpr auto for_a_run = std::chrono::seconds(2);
        if (hurry_ == haste::none) return false;
        const bool shrinks = std::ranges::any_of(
            programs_, [](const auto& each) { return each->session().shrinking != 0; });
        if (hurry_ == haste::end_search && shrinks) return false;
        const auto grace = hurry_ == haste::end_all && !shrinks ? for_a_run : for_a_finding;
        return twill::now() - hurried_at_ >= grace;
    }

    // Gives none now and then.
    std::vector<std::size_t> wait_for_answers(twill::time_point began) {
        using twill::check::haste;
        constexpr int look_every_ms = 100;
        std::vector<pollfd> sockets;
        for (std::size_t i = 0; i < programs_.size(); ++i)
            sockets.push_back({asked_[i].runs != 0 ? programs_[i]->socket() : -1, POLLIN, 0});
        std::vector<std::size_t> ready;
        if (::poll(sockets.data(), sockets.size(), look_every_ms) > 0)
            for (std::size_t i = 0; i < sockets.size(); ++i)
                if (sockets[i].revents != 0) ready.push_back(i);
        if (interrupted)
            hurry(haste::end_all);
        else if (is_time_over(began))
            hurry(haste::end_search);
        given_up_ = ready.empty() && has_hurried_enough();
        return ready;
    }

    void take(std::size_t i) {
        auto& with = *programs_[i];
        const auto answer = with.take_answer();
        const auto asked = std::exchange(asked_[i], {});
        if (!answer)
            throw start_failure{"the program's server died; this is a defect of twill check"};
        made_.schedules += answer->runs;
        const auto& session = with.session();
        for (std::uint32_t each = 0; each != session.passed_count; ++each)
            passed_.add(session.passed[each]);
        if (answer->passed != 0) refute_usual_end();
        if (answer->found == twill::check::finding_kind::none) return;
        const std::uint64_t number = asked.first_run + answer->runs;
        if (answer->runs != asked.runs)
            left_over_.push_back({.what = twill::check::task::explore,
                                  .first_run = number,
                                  .runs = asked.runs - answer->runs});
        if (has_failed_ && !how_.keep_going) return;
        take_failure(with, *answer, number);
    }

    void take_failure(checked_program& with, const twill::check::answer& answer,
                      std::uint64_t number) {
        // Once more, with everything kept that a report needs.
        const std::string schedule = schedule_of(with);
        const bool again = replay_with_events(with);
        auto run = account_of(with, answer, number);
        if (!again || run.findings.front().kind == "not-reproducible") {
            run.findings = {not_reproduced(answer.found)};
            run.schedule = schedule;
        }
        if (again) {
            if (number == 1) learn_usual_status(with.session().result);
            made_.suppressed += leave_news(run, with.session(), known_);
            if (run.findings.empty()) return;
            if (!known_.empty()) make_smaller(run, with, answer);
            remember(run);
        }
        if (how_.keep_going) {
            tell(std::move(run));
            return;
        }
        // What a run noted and went on after does not end the search for worse; the same kind once
        // more would be no news.
        run.is_usual_end = is_usual_end(run);
        const bool ended = ended_badly(run) && !run.is_usual_end;
        has_failed_ = has_failed_ || ended;
        if (!ended) {
            for (const auto& each : run.findings)
                if (each.kind != exit_status) passed_over_ |= bit_of(each.kind);
            if (!how_.json) print("twill check", text_of_note(run));
        }
        found_.push_back(std::move(run));
    }

    static failing_run account_of(checked_program& with, const twill::check::answer& answer,
                                  std::uint64_t number) {
        auto run = take_account(with);
        run.number = number;
        run.strategy = name_of(answer.strategy);
        run.points = name_of(answer.points);
        return run;
    }

    // Some programs always end with a status that means nothing (`void main`), or that tells of a
    // failure each time. The first run shows it.
    static bool is_usual_end(const failing_run& run) {
        return run.number == 1 && run.findings.front().kind == exit_status;
    }

    void learn_usual_status(const twill::check::run_result& first) {
        if (const auto status = status_of(first)) usual_status_ = *status;
    }

    // None: it ended well, or otherwise.
    static std::optional<std::int32_t> status_of(const twill::check::run_result& result) {
        if (result.end != twill::check::run_end::finding) return std::nullopt;
        const auto& last = result.findings[result.ended_by];
        if (last.kind != twill::check::finding_kind::exit_status) return std::nullopt;
        return static_cast<std::int32_t>(last.value);
    }

    // What is suppressed is taken out, and what was told before: by the first run (how runs end),
    // by another server or beside something else. Of a run that ended badly all stays if its end
    // is new. Gives how many findings were suppressed.
    std::size_t leave_news(failing_run& run, const twill::check::session& of,
                           suppressions& known) const {
        if (run.number != 1 && status_of(of.result) == usual_status_)
            std::erase_if(run.findings, [](const auto& each) { return each.kind == exit_status; });
        const std::size_t suppressed = known.apply(run);
        if (ended_badly(run)) {
            if (seen_.contains(identity_of(run.findings.front()))) run.findings.clear();
            return suppressed;
        }
        std::erase_if(run.findings, [&](const auto& each) {
            return (of.options.passed_over & bit_of(each.kind)) != 0 ||
                   seen_.contains(identity_of(each));
        });
        return suppressed;
    }

    void remember(const failing_run& run) {
        for (const auto& each : run.findings) {
            seen_.insert(identity_of(each));
            if (ended_badly(run) && !is_usual_end(run)) return;
        }
    }

    // Looked for when it is known that not all of the run is suppressed.
    void make_smaller(failing_run& run, checked_program& with, const twill::check::answer& answer) {
        auto& passed_over = with.session().options.passed_over;
        const auto before = std::exchange(passed_over, ~std::uint64_t{0});
        for (const auto& each : run.findings) passed_over &= ~bit_of(each.kind);
        shrink(with, run.schedule);
        passed_over = before;
        if (!replay_with_events(with)) return;
        auto smaller = account_of(with, answer, run.number);
        auto known = known_;  // counted already
        leave_news(smaller, with.session(), known);
        if (tells_all_of(run, smaller)) run = std::move(smaller);
    }

    // A run has passed: so the first one's status was a failure of that schedule, and the search
    // is over.
    void refute_usual_end() {
        for (auto& each : found_)
            if (std::exchange(each.is_usual_end, false)) has_failed_ = true;
    }

    static finding_account not_reproduced(twill::check::finding_kind what) {
        finding_account made;
        made.kind = name_of(twill::check::finding_kind::not_reproducible);
        made.summary = fmt::format(
            "not reproducible: a run ended with a finding ({}), but its schedule led elsewhere "
            "when "
            "it was repeated: the program depends on something that twill check does not control",
            name_of(what));
        made.ended_run = true;
        return made;
    }

    // Whether one more replay takes the same steps to the same end. (The server compares the
    // steps.)
    bool is_repeated(checked_program& with, const std::string& schedule) {
        set_schedule(with, schedule);
        auto& session = with.session();
        const auto time = std::exchange(session.options.shrink_ns, 0);
        with.ask({.what = twill::check::task::replay, .runs = 1});
        const auto answer = with.take_answer();
        session.options.shrink_ns = time;
        if (!answer)
            throw start_failure{"the program's server died; this is a defect of twill check"};
        const auto now = end_of(session.result);
        if (first_end_.empty()) first_end_ = now;
        return now == first_end_;
    }

    static std::string end_of(const twill::check::run_result& result) {
        std::string text;
        for (std::uint32_t i = 0; i != result.findings_count; ++i)
            text +=
                fmt::format("{}:{} ", name_of(result.findings[i].kind), result.findings[i].value);
        return text + fmt::format("{} steps", result.steps);
    }

    // Leaves a smaller schedule in the session, for what is not passed over.
    void shrink(checked_program& with, const std::string& schedule) {
        set_schedule(with, schedule);
        with.session().options.shrink_ns = time_for_shrinking;
        with.ask({.what = twill::check::task::replay, .runs = 1});
        const auto answer = with.take_answer();
        with.session().options.shrink_ns = 0;
        if (!answer)
            throw start_failure{"the program's server died; this is a defect of twill check"};
    }

    bool replay_with_events(checked_program& with) {
        auto& options = with.session().options;
        options.keep_events = 1;
        const auto time = std::exchange(options.shrink_ns, 0);
        with.ask({.what = twill::check::task::replay, .runs = 1});
        const auto answer = with.take_answer();
        options.keep_events = 0;
        options.shrink_ns = time;
        if (!answer)
            throw start_failure{"the program's server died; this is a defect of twill check"};
        if (answer->refused != 0) throw start_failure{"the schedule cannot be read"};
        return with.session().result.findings_count != 0;
    }

    static std::string schedule_of(checked_program& with) {
        return {with.session().schedule, with.session().schedule_length};
    }

    static void set_schedule(checked_program& with, const std::string& schedule) {
        auto& session = with.session();
        const auto length = std::min(schedule.size(), sizeof session.schedule);
        std::memcpy(session.schedule, schedule.data(), length);
        session.schedule_length = static_cast<std::uint32_t>(length);
    }

    void tell_all() {
        keep_what_is_worth_telling(found_);
        for (auto& each : found_) tell(std::move(each));
        found_.clear();
    }

    void tell(failing_run run) {
        if (!how_.replay) run.saved_to = save_schedule(run);
        made_.failures.push_back(std::move(run));
        if (!how_.json) print("twill check", text_of(made_.failures.back(), made_));
    }

    std::string save_schedule(const failing_run& run) const {
        const auto number =
            made_.failures.empty() ? std::string() : fmt::format(".{}", made_.failures.size() + 1);
        auto path = how_.save.empty() ? std::filesystem::path(how_.program[0]).filename().string() +
                                            number + ".replay"
                                      : how_.save + number;
        // A device takes them all.
        std::error_code ignored;
        if (!how_.save.empty() && std::filesystem::is_character_file(how_.save, ignored))
            path = how_.save;
        return save({command_line_of(how_.program),
                     run.findings.empty() ? "" : run.findings.front().summary, run.schedule},
                    path);
    }

    const arguments& how_;
    std::string library_;
    std::vector<std::unique_ptr<checked_program>> programs_;
    std::vector<twill::check::request> asked_;      // of each program; no runs: nothing
    std::vector<twill::check::request> left_over_;  // of requests that found something midway
    std::uint64_t next_run_ = 0;
    suppressions known_;
    distinct_count passed_;
    std::uint64_t passed_over_ = 0;  // see run_options
    std::int32_t usual_status_ = 0;
    bool has_failed_ = false;  // a run has ended badly
    twill::check::haste hurry_ = twill::check::haste::none;
    twill::time_point hurried_at_;
    bool given_up_ = false;  // a server does not answer any more
    std::set<std::string> seen_;
    std::string first_end_;           // of the replays
    std::vector<failing_run> found_;  // not told yet
    result made_;
};

}  // namespace

result explore(const arguments& how) {
    exploration all(how);
    if (!how.json) print("twill check", text_of_limits(all.so_far()));
    all.run();
    return std::move(all.so_far());
}

result repeat(const arguments& how) {
    auto one = how;
    one.jobs = 1;
    const auto schedule = load_schedule(*how.replay);
    exploration all(one);
    all.replay_only(schedule);
    return std::move(all.so_far());
}

}  // namespace twill_command::check
