// Model tests: what a piece of concurrent code does under all schedules and all that the C++ memory
// model allows.
//
//     const auto result = model::explore({}, [] {
//         twill::atomic<int> flag{0};
//         int data = 0;
//         model::thread other([&] { data = 1; flag.store(1, std::memory_order_release); });
//         if (flag.load(std::memory_order_acquire) == 1) model::check(data == 1, "data is there");
//     });
//     EXPECT_TRUE(result.passed()) << result.report();
//
// The body runs many times; everything that it uses is made in it (or is a constant). It may use
// atomics with wait and notify, and plain data; it must not block otherwise, and not look at the
// outside world.
#pragma once

#include "site.hpp"
#include "workshop.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::explore::model {

enum class search {
    all,      // each interleaving once
    bounded,  // all with so many preemptions
    sample,   // by random walk, PCT and POS in turn
};

struct settings {
    search how = search::all;
    unsigned preemptions = 2;        // for `bounded`
    std::uint64_t runs = 1'000'000;  // at most
    std::uint64_t seed = 1;
    run_settings each{};
    bool explains = true;  // makes a failing schedule smaller, and tells its story
};

struct verdict {
    std::string failure;             // empty: none
    std::vector<std::string> story;  // what the shortest failing run did
    std::string schedule;            // its line for a replay
    std::uint64_t runs = 0;          // those pruned included
    std::uint64_t pruned = 0;        // given up since their like had been seen
    bool complete = false;           // there are no others, within the bound
    std::vector<site> sites;         // where atomics were used
    std::set<std::string> outcomes;  // that the body noted

    [[nodiscard]] bool passed() const noexcept { return failure.empty(); }
    [[nodiscard]] std::string report() const;
};

verdict explore(const settings& how, const std::function<void()>& body);

// Runs `body` once, as `schedule` says.
verdict repeat(const settings& how, const std::string& schedule, const std::function<void()>& body);

// ---- for the body

class thread {
public:
    explicit thread(std::function<void()> body);
    ~thread() { join(); }
    thread(const thread&) = delete;
    thread& operator=(const thread&) = delete;
    void join();

private:
    std::uint32_t number_;
    bool joined_ = false;
};

// Ends the run as failed if `holds` is false.
void check(bool holds, const char* what);
// One of `options`: the explorer tries them all.
unsigned choose(unsigned options);
// What this run came to: the verdict has all of them.
void note_outcome(const std::string& what);
// What asymmetric_barrier::heavy does.
void barrier_of_all(std::source_location where = std::source_location::current());
// A line for the story.
void say(const std::string& line);

// ---- mutants: is each order, each notify, each look needed?

// All that weakens one order by one step.
[[nodiscard]] std::vector<change> weaker_orders(const std::vector<site>& sites);
// That change of the one site whose title is `title`; `which`, from 0, tells several apart by line.
[[nodiscard]] change change_at(const std::vector<site>& sites, const std::string& title,
                               change::kind how, unsigned which = 0, std::uint64_t value = 0);
// Those that the model does not notice, by their titles.
[[nodiscard]] std::vector<std::string> unnoticed(const settings& how,
                                                 const std::vector<change>& mutants,
                                                 const std::function<void()>& body);

}  // namespace twill::inline TWILL_ABI::explore::model
