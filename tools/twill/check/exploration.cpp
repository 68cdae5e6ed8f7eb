#include "twill/check/exploration.hpp"

#include "twill/check/checked_program.hpp"
#include "twill/check/replay_file.hpp"
#include "twill/common/message.hpp"

#include <twill/core/time.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>

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

class exploration {
public:
    explicit exploration(const arguments& how) : how_(how), library_(find_check_library()) {
        made_.program = how.program;
        made_.seed = how.seed;
        const auto cores = cores_for(how.jobs);
        for (unsigned i = 0; i < how.jobs; ++i) {
            programs_.push_back(std::make_unique<checked_program>(how.program, library_));
            auto& session = programs_.back()->session();
            session.options.seed = how.seed;
            session.options.strategy = how.strategy;
            session.options.pct_depth = how.pct_depth;
            session.options.wanted = how.points;
            session.options.cpus = how.cpus;
            session.options.good_status = how.good_status;
            session.options.keep_going = how.keep_going ? 1 : 0;
            session.options.shrink_ns = 10'000'000'000;
            session.options.core = cores.empty() ? 0 : cores[i % cores.size()] + 1;
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
        asked_.resize(programs_.size());
        for (std::size_t i = 0; i < programs_.size(); ++i) ask_for_more(i, began);
        while (std::ranges::any_of(asked_, [](const auto& each) { return each.runs != 0; })) {
            for (const std::size_t i : wait_for_answers()) {
                take(i);
                if (!enough(began)) ask_for_more(i, began);
            }
        }
        made_.seconds = seconds_since(began);
    }

    void replay_only(const std::string& schedule) {
        const auto began = twill::now();
        auto& with = *programs_[0];
        set_schedule(with, schedule);
        if (replay_with_events(with)) {
            keep(with, 1);
        }
        made_.schedules = 1;
        made_.seconds = seconds_since(began);
    }

private:
    bool enough(twill::time_point began) const {
        if (!made_.failures.empty() && !how_.keep_going) return true;
        if (next_run_ >= how_.schedules) return true;
        return how_.time && twill::now() - began >= *how_.time;
    }

    void ask_for_more(std::size_t i, twill::time_point began) {
        // About as many as take a quarter of a second: a limit of time is then kept closely.
        std::uint64_t runs = 1;
        const double seconds = seconds_since(began);
        if (made_.schedules > 0 && seconds > 0) {
            const double speed = static_cast<double>(made_.schedules) / seconds;
            runs = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(speed / 4));
        }
        runs = std::min(runs, how_.schedules - next_run_);
        if (runs == 0) return;
        asked_[i] = {.what = twill::check::task::explore, .first_run = next_run_, .runs = runs};
        next_run_ += runs;
        programs_[i]->ask(asked_[i]);
    }

    std::vector<std::size_t> wait_for_answers() {
        std::vector<pollfd> sockets;
        for (std::size_t i = 0; i < programs_.size(); ++i)
            sockets.push_back({asked_[i].runs != 0 ? programs_[i]->socket() : -1, POLLIN, 0});
        while (::poll(sockets.data(), sockets.size(), -1) < 0 && errno == EINTR) {
        }
        std::vector<std::size_t> ready;
        for (std::size_t i = 0; i < sockets.size(); ++i)
            if (sockets[i].revents != 0) ready.push_back(i);
        return ready;
    }

    void take(std::size_t i) {
        auto& with = *programs_[i];
        const auto answer = with.take_answer();
        const auto asked = std::exchange(asked_[i], {});
        if (!answer)
            throw start_failure{"the program's server died; this is a defect of twill check"};
        made_.schedules += answer->runs;
        if (answer->found == 0) return;
        const std::uint64_t number = asked.first_run + answer->runs;
        // What was left of the request is not made up for: the others go on from where they are.
        if (!how_.keep_going && !made_.failures.empty()) return;
        // Once more, with everything kept that a report needs.
        if (replay_with_events(with) && seen_.insert(identity_of(with.session().result)).second)
            keep(with, number);
    }

    bool replay_with_events(checked_program& with) {
        with.session().options.keep_events = 1;
        with.ask({.what = twill::check::task::replay, .runs = 1});
        const auto answer = with.take_answer();
        with.session().options.keep_events = 0;
        if (!answer)
            throw start_failure{"the program's server died; this is a defect of twill check"};
        if (answer->refused != 0) throw start_failure{"the schedule cannot be read"};
        return with.session().result.findings_count != 0;
    }

    static void set_schedule(checked_program& with, const std::string& schedule) {
        auto& session = with.session();
        const auto length = std::min(schedule.size(), sizeof session.schedule);
        std::memcpy(session.schedule, schedule.data(), length);
        session.schedule_length = static_cast<std::uint32_t>(length);
    }

    void keep(checked_program& with, std::uint64_t number) {
        auto run = take_account(with);
        run.number = number;
        if (!how_.replay) run.saved_to = save_schedule(run);
        made_.failures.push_back(std::move(run));
        if (!how_.json) print("twill check", text_of(made_.failures.back(), made_));
    }

    std::string save_schedule(const failing_run& run) const {
        auto path = how_.save;
        if (path.empty()) {
            path = std::filesystem::path(how_.program[0]).filename().string();
            if (!made_.failures.empty()) path += fmt::format(".{}", made_.failures.size() + 1);
            path += ".replay";
        }
        return save({command_line_of(how_.program),
                     run.findings.empty() ? "" : run.findings.back().summary, run.schedule},
                    path);
    }

    const arguments& how_;
    std::string library_;
    std::vector<std::unique_ptr<checked_program>> programs_;
    std::vector<twill::check::request> asked_;  // of each program; no runs: nothing
    std::uint64_t next_run_ = 0;
    std::set<std::string> seen_;
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
