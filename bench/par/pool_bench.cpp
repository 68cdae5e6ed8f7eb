// The pool as a whole: twill's, and the rows.

#include "common/program.hpp"
#include "par/groups.hpp"
#include "par/pool.hpp"
#include "par/programs.hpp"

#include <twill/core/scope.hpp>
#include <twill/par/for_each.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/runtime.hpp>

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

class twill_pool {
public:
    template <class F>
    void each(std::size_t count, F&& f) {
        par::for_each_index(count, f);
    }
    template <class F>
    void regions(const std::vector<int>& units, F&& f) {
        runtime_.run([&]() -> task<> {
            co_await scope([&](scope_ref all) -> task<> {
                for (const int size : units) all.spawn(&one_region<F>, size, &f);
                co_return;
            });
        });
    }

private:
    template <class F>
    static task<> one_region(int size, F* f) {
        const auto count = static_cast<std::size_t>(size);
        co_await compute([=](par::context& here) {
            par::for_each_index(here, count, [=](std::size_t) { (*f)(); });
        });
    }

    runtime runtime_{runtime_options{}};
};

// No scheduler could do better: every core takes the next piece when it is done with the last.
class perfect_split {
public:
    template <class F>
    static void each(std::size_t count, F&& f) {
        std::atomic<std::size_t> next{0};
        const auto take = [&] {
            for (std::size_t i = next++; i < count; i = next++) f(i);
        };
        std::vector<std::thread> others;
        for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i)
            others.emplace_back(take);
        take();
        for (std::thread& other : others) other.join();
    }
    template <class F>
    static void regions(const std::vector<int>& units, F&& f) {
        const auto all = static_cast<std::size_t>(std::accumulate(units.begin(), units.end(), 0));
        each(all, [&](std::size_t) { f(); });
    }
};

const peer here{"twill", "twill", {"pool"}};

std::string text(double number) { return std::to_string(number); }

}  // namespace

bool run_twill_pool(std::string_view how, std::string_view name, double argument) {
    return how == "split" ? run_pool<perfect_split>(name, argument)
                          : run_pool<twill_pool>(name, argument);
}

std::vector<row> wake_rows(const settings& how) {
    const auto measured = measure(how, here, {onetbb, openmp_gcc, openmp_clang, rayon},
                                  {"wake", text(how.quick ? 0.02 : 1)});
    row faster{.name = "10 ms of work after 1 s of idleness",
               .unit = "times plain",
               .direction = better::more};
    faster.targets = {{.bound = 1.8}};
    return {make_row(std::move(faster), "speedup", measured)};
}

// All contestants and rounds at the same time: they sleep.
std::vector<row> idle_rows(const settings& how) {
    const std::vector<peer> all = {here, onetbb, openmp_gcc, openmp_clang, rayon};
    std::vector<measurements> measured;
    std::vector<std::vector<std::unique_ptr<running_program>>> running;
    for (const peer& each : all) {
        const bool ours = &each == &all.front();
        const auto path = how.peers / "bin" / each.program;
        measured.push_back({.name = each.name});
        running.emplace_back();
        if (!ours && !std::filesystem::exists(path)) {
            measured.back().absent = "scripts/bench-peers did not make it";
            continue;
        }
        words argv = ours ? words{how.self, "run", "pool"} : words{path};
        argv.push_back("idle");
        argv.push_back(text(how.quick ? 0.1 : 10));
        for (int round = 0; round < how.rounds; ++round)
            running.back().push_back(std::make_unique<running_program>(program{.argv = argv}));
    }
    for (std::size_t i = 0; i < all.size(); ++i)
        for (const auto& each : running[i]) measured[i].rounds.push_back(each->finish());
    row idle{.name = "idle for 10 s after work", .unit = "CPU ms"};
    idle.targets = {{.bound = 1, .binding = true}};
    return {make_row(std::move(idle), "idle_cpu_ms", measured)};
}

std::vector<row> region_rows(const settings& how) {
    const peer split{"perfect split", "twill", {"split"}};
    const auto measured = measure(how, here, {split, onetbb, openmp_gcc, openmp_clang, rayon},
                                  {"regions", how.quick ? "400" : "40000"});
    row makespan{.name = "64 unequal regions at once", .unit = "ms"};
    makespan.targets = {{.against = "perfect split", .bound = 1.05}};
    return {make_row(std::move(makespan), "ms", measured)};
}

}  // namespace twill::inline TWILL_ABI::bench
