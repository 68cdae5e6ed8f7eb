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
    bounded,  // all with so many deviations: preemptions, and reads of old stores
    sample,   // by random walk, PCT and POS in turn
};

struct settings {
    search how = search::all;
    unsigned deviations = 3;         // for `bounded`
    std::uint64_t runs = 1'000'000;  // at most
    std::uint64_t seed = 1;
    // Of the first two: a time may come while others can run, as if they were slow.
    bool early_timeouts = false;
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

// Whether races on plain data are found: not where the compiler does not tell of it.
#ifdef TWILL_MODEL_HOOKS
inline constexpr bool watches_plain_data = true;
#else
inline constexpr bool watches_plain_data = false;
#endif

verdict explore(const settings& how, const std::function<void()>& body);

// Runs `body` once, as `schedule` says.
verdict repeat(const settings& how, const std::string& schedule, const std::function<void()>& body);

// ---- for the body

// This atomic does not change in runs: to look at it is no scheduling point.
void hold_constant(const void* atomic);

class thread {
public:
    explicit thread(std::function<void()> body);
    ~thread() { join(); }
    thread(const thread&) = delete;
    thread& operator=(const thread&) = delete;
    void join();
    // It need not end: the run is over when all others have.
    void detach();

private:
    std::uint32_t number_;
    bool joined_ = false;
};

// For threads that know each other by numbers: the caller's, and waiting for the end of one. (A
// second time, by a `thread`, does no harm.)
std::uint32_t this_thread();
void join(std::uint32_t number);

// Remembers that it was set, until somebody who waits for that has seen it: an eventfd. It orders
// nothing but the two calls.
class event {
public:
    event();
    void set();
    // False: virtual time has reached `deadline` instead.
    bool wait(std::uint64_t deadline = ~std::uint64_t{0});
    // True: it was set. Does not wait.
    bool take();

private:
    std::uint64_t number_;
    bool set_ = false;
};

// Ends the run as failed if `holds` is false.
void check(bool holds, const char* what);
// One of `options`: the explorer tries them all.
unsigned choose(unsigned options);
// Virtual time, in nanoseconds: it passes while all threads wait for it, and a little at each look.
std::uint64_t virtual_now();
// For so long, in virtual time.
void sleep(std::uint64_t length);
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
// One way to use a protocol.
struct scenario {
    settings how;
    std::function<void()> body;
};
// Where they use atomics, each place once.
[[nodiscard]] std::vector<site> sites_of(const std::vector<scenario>& all);
// The mutants that none of them notices, by their titles.
[[nodiscard]] std::vector<std::string> unnoticed(const std::vector<scenario>& all,
                                                 const std::vector<change>& mutants);

}  // namespace twill::inline TWILL_ABI::explore::model
