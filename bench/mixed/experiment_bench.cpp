#include "mixed/experiment.hpp"

#include "common/program.hpp"
#include "mixed/control_group.hpp"
#include "mixed/foreign.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr double row_us = 94;
constexpr double row_tolerance = 0.05;
// A quiet machine loses 1 or 2 % to interrupts. Of stolen time little is enough to be a p99.
constexpr double most_foreign = 0.04;
constexpr double most_stolen = 0.005;
constexpr int most_tries = 3;

double row_time(const words& argv, std::uint32_t iterations) {
    return run_program({.argv = argv + words{"--calibrate", std::to_string(iterations)}})
        .at("row_us");
}

// How much a run was disturbed; up to 1 it counts.
double disturbance(const metrics& run) {
    return std::max(run.at("foreign") / most_foreign, run.at("stolen") / most_stolen);
}

// Hogs and spinners, while this lives.
class company {
public:
    company(const settings& how, const experiment& what) {
        for (int i = 0; i < what.hogs; ++i) add({how.self, "run", "hog"});
        if (what.awake)
            for (const unsigned cpu : usable_cpus())
                add({how.self, "run", "spinner", std::to_string(cpu)});
    }
    [[nodiscard]] std::vector<pid_t> processes() const {
        std::vector<pid_t> all;
        for (const auto& each : running_) all.push_back(each->pid());
        return all;
    }

private:
    void add(const words& argv) {
        running_.push_back(std::make_unique<running_program>(program{.argv = argv}));
    }
    std::vector<std::unique_ptr<running_program>> running_;
};

}  // namespace

// Go's rules of the day, and not those of the version that its module names: it then counts a
// quota, too.
laboratory::laboratory(const settings& how) : how_(how) {
    setenv("GODEBUG", "containermaxprocs=1,updatemaxprocs=1", 0);
}

std::vector<server> all_servers(const settings& how) {
    const auto bin = how.peers / "bin";
    std::vector<server> all = {
        {.name = "twill", .word = "twill", .argv = {how.self, "run", "server"}},
        {.name = "Go", .word = "go", .argv = {bin / "go", "mixed"}},
        {.name = "Tokio, rows as tasks", .word = "tokio", .argv = {bin / "tokio-mixed", "tasks"}},
        {.name = "Tokio + spawn_blocking",
         .word = "tokio-blocking",
         .argv = {bin / "tokio-mixed", "blocking"}},
        {.name = "Tokio + Rayon", .word = "tokio-rayon", .argv = {bin / "tokio-mixed", "rayon"}},
        {.name = "Asio + oneTBB", .word = "asio-onetbb", .argv = {bin / "asio-onetbb"}},
        {.name = "Node + workers", .word = "node", .argv = {bin / "node-mixed"}},
        {.name = "Erlang", .word = "erlang", .argv = {bin / "erlang-mixed"}},
    };
    for (server& each : all)
        if (!std::filesystem::exists(each.argv.front()))
            each.absent = "scripts/bench-peers did not make it";
    return all;
}

// Twice: a first guess may fall into a moment in which the CPU is slower.
std::uint32_t laboratory::row_iterations(const server& which) {
    const auto known = iterations_.find(which.word);
    if (known != iterations_.end()) return known->second;
    std::uint32_t iterations = 50'000;
    double took = row_time(which.argv, iterations);
    for (int i = 0; i < 5 && std::abs(took / row_us - 1) > row_tolerance / 4; ++i) {
        iterations = static_cast<std::uint32_t>(iterations * row_us / took);
        took = row_time(which.argv, iterations);
    }
    std::fprintf(stderr, "  a row of %s: %u iterations, %.1f us\n", which.name.c_str(), iterations,
                 took);
    if (std::abs(took / row_us - 1) > row_tolerance)
        throw std::runtime_error("rows of " + which.name + " do not take 94 us");
    return iterations_[which.word] = iterations;
}

bool laboratory::possible(const server& which, const experiment& what) {
    try {
        static_cast<void>(run_program(
            {.argv = which.argv + words{"--job", what.job, "--probe", "on"} + what.options}));
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

metrics laboratory::measure_once(const server& which, const experiment& what) {
    const company others(how_, what);
    std::optional<control_group> group;
    words argv =
        which.argv +
        words{"--job", what.job, "--row-iterations", std::to_string(row_iterations(which))} +
        what.options;
    if (what.quota > 0) {
        group.emplace(what.quota);
        argv = words{how_.self, "run", "in-group", group->folder()} + argv;
    }
    running_program service({.argv = argv, .listens = true});
    const auto port = static_cast<long>(service.await("port"));
    running_program load({.argv = {how_.self, "run", "load", "--port", std::to_string(port),
                                   "--rate", std::to_string(what.rate), "--seconds",
                                   std::to_string(how_.quick ? 0.1 : what.seconds), "--warm-up",
                                   how_.quick ? "0.05" : "1", "--request", what.request}});
    static_cast<void>(load.await("measuring"));
    auto ours = others.processes();
    ours.insert(ours.end(), {service.pid(), load.pid()});
    const foreign_watch watch(std::move(ours));
    service.say("begin");
    static_cast<void>(load.await("measured"));
    const foreign_load others_took = watch.so_far();
    service.say("end");
    const double server_cpu_s = service.await("window_cpu_s");
    const double window_s = service.await("window_s");
    const double rows = service.await("rows");
    metrics all = load.finish();
    all["foreign"] = others_took.processes;
    all["stolen"] = others_took.stolen;
    all["server_cpu_s"] = server_cpu_s;
    all["window_s"] = window_s;
    all["rows"] = rows;
    all["rows_per_s"] = rows / window_s;
    all["rows_per_cpu_s"] = server_cpu_s > 0 ? rows / server_cpu_s : 0;
    return all;
}

metrics laboratory::measure(const server& which, const experiment& what) {
    metrics best;
    for (int tries = 0; tries < most_tries; ++tries) {
        metrics now = measure_once(which, what);
        ++runs_;
        repeated_ += tries > 0 ? 1 : 0;
        if (best.empty() || disturbance(now) < disturbance(best)) best = std::move(now);
        if (disturbance(best) <= 1 || how_.quick) break;
    }
    disturbed_ += disturbance(best) > 1 ? 1 : 0;
    if (best.at("real_time") == 0 && !std::exchange(said_priority_, true))
        std::cerr << "  the load generator has no real-time priority: its own delays count\n";
    return best;
}

void laboratory::report_disturbances() const {
    std::cerr << "  " << runs_ << " runs, " << repeated_ << " of them because of foreign load; "
              << disturbed_ << " results were kept in spite of it\n";
}

std::string describe(const metrics& measured) {
    std::array<char, 256> text{};
    const auto get = [&](const char* name) { return measured.at(name); };
    std::snprintf(text.data(), text.size(),
                  "p50 %.0f, p99 %.0f, p99.9 %.0f, max %.0f us; %.0f answered, %.0f sent late; "
                  "%.0f rows/s; CPU of server %.2f, load %.2f, foreign %.1f %%, stolen %.1f %%",
                  get("p50_us"), get("p99_us"), get("p999_us"), get("max_us"), get("answered"),
                  get("late"), get("rows_per_s"), get("server_cpu_s") / get("window_s"),
                  get("load_cpu_s") / get("window_s"), get("foreign") * 100, get("stolen") * 100);
    return text.data();
}

}  // namespace twill::inline TWILL_ABI::bench
