// The model itself: it shows each outcome that the C++ memory model allows, and no other.
#include <explore/model/model.hpp>
#include <twill/core/atomic.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace model = twill::explore::model;
using twill::atomic;

namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto seq_cst = std::memory_order_seq_cst;

// What `body`, which returns an outcome as text, can result in.
std::set<std::string> outcomes(const std::function<std::string()>& body) {
    std::set<std::string> all;
    const auto result = model::explore({}, [&] { model::note_outcome(body()); });
    EXPECT_TRUE(result.passed()) << result.report();
    EXPECT_TRUE(result.complete);
    for (const std::string& each : result.outcomes) all.insert(each);
    return all;
}
using texts = std::set<std::string>;

std::string of(int a, int b) { return std::to_string(a) + std::to_string(b); }

// Store buffering: each stores, then loads what the other stores.
texts store_buffering(std::memory_order store, std::memory_order load) {
    return outcomes([=] {
        atomic<int> x{0}, y{0};
        int a = 0, b = 0;
        model::thread other([&] {
            y.store(1, store);
            b = x.load(load);
        });
        x.store(1, store);
        a = y.load(load);
        other.join();
        return of(a, b);
    });
}

TEST(memory, store_buffering_is_seen_unless_all_is_seq_cst) {
    EXPECT_EQ(store_buffering(release, acquire), (texts{"00", "01", "10", "11"}));
    EXPECT_EQ(store_buffering(seq_cst, acquire), (texts{"00", "01", "10", "11"}));
    EXPECT_EQ(store_buffering(release, seq_cst), (texts{"00", "01", "10", "11"}));
    EXPECT_EQ(store_buffering(seq_cst, seq_cst), (texts{"01", "10", "11"}));
}

// Message passing: data, then a flag; who sees the flag sees the data, if both orders say so.
texts message_passing(std::memory_order store, std::memory_order load) {
    return outcomes([=] {
        atomic<int> data{0}, flag{0};
        int a = 0, b = 0;
        model::thread other([&] {
            a = flag.load(load);
            b = data.load(relaxed);
        });
        data.store(1, relaxed);
        flag.store(1, store);
        other.join();
        return of(a, b);
    });
}

TEST(memory, message_passing_takes_release_and_acquire) {
    EXPECT_EQ(message_passing(release, acquire), (texts{"00", "01", "11"}));
    EXPECT_EQ(message_passing(relaxed, acquire), (texts{"00", "01", "10", "11"}));
    EXPECT_EQ(message_passing(release, relaxed), (texts{"00", "01", "10", "11"}));
    EXPECT_EQ(message_passing(seq_cst, seq_cst), (texts{"00", "01", "11"}));
}

TEST(memory, loads_of_one_atomic_do_not_go_back) {
    const auto seen = outcomes([] {
        atomic<int> x{0};
        int a = 0, b = 0;
        model::thread other([&] {
            a = x.load(relaxed);
            b = x.load(relaxed);
        });
        x.store(1, relaxed);
        x.store(2, relaxed);
        other.join();
        return of(a, b);
    });
    EXPECT_EQ(seen, (texts{"00", "01", "02", "11", "12", "22"}));
}

TEST(memory, what_another_has_read_is_known_to_who_acquires_from_it) {
    const auto seen = outcomes([] {
        atomic<int> x{0}, flag{0};
        int a = 0, b = 0;
        model::thread second([&] {
            if (x.load(relaxed) == 1) flag.store(1, release);
        });
        model::thread third([&] {
            a = flag.load(acquire);
            b = x.load(relaxed);
        });
        x.store(1, relaxed);
        second.join();
        third.join();
        return of(a, b);
    });
    EXPECT_EQ(seen, (texts{"00", "01", "11"}));
}

// Independent reads of independent writes: do two readers agree on the order of two stores?
texts independent_reads(std::memory_order store, std::memory_order load) {
    return outcomes([=] {
        atomic<int> x{0}, y{0};
        int a = 0, b = 0, c = 0, d = 0;
        model::thread write_x([&] { x.store(1, store); });
        model::thread write_y([&] { y.store(1, store); });
        model::thread reader([&] {
            a = x.load(load);
            b = y.load(load);
        });
        c = y.load(load);
        d = x.load(load);
        write_x.join();
        write_y.join();
        reader.join();
        return of(a, b) + of(c, d);
    });
}

TEST(memory, readers_disagree_unless_all_is_seq_cst) {
    EXPECT_TRUE(independent_reads(release, acquire).contains("1010"));
    const texts ordered = independent_reads(seq_cst, seq_cst);
    EXPECT_FALSE(ordered.contains("1010"));
    EXPECT_EQ(ordered.size(), 15U);
}

TEST(memory, seq_cst_loads_of_relaxed_stores_agree) {
    // Both loads are seq_cst, the store is not: once one has seen it, a later one does.
    const auto result = model::explore({}, [] {
        atomic<int> x{0};
        atomic<int> turn{0};
        model::thread writer([&] { x.store(1, relaxed); });
        model::thread first([&] {
            if (x.load(seq_cst) == 1) turn.store(1, seq_cst);
        });
        if (turn.load(seq_cst) == 1) model::check(x.load(seq_cst) == 1, "it went back");
    });
    EXPECT_TRUE(result.passed()) << result.report();
}

TEST(memory, a_read_modify_write_passes_on_what_was_released) {
    for (const bool by_rmw : {true, false}) {
        const auto seen = outcomes([by_rmw] {
            atomic<int> data{0}, flag{0};
            int a = 0, b = 0;
            model::thread second([&] {
                if (by_rmw) {
                    flag.fetch_add(1, relaxed);
                } else if (flag.load(relaxed) == 1) {
                    flag.store(2, relaxed);
                }
            });
            model::thread third([&] {
                a = flag.load(acquire);
                b = data.load(relaxed);
            });
            data.store(1, relaxed);
            flag.store(1, release);
            second.join();
            third.join();
            return of(a, b);
        });
        EXPECT_EQ(seen.contains("20"), !by_rmw);
        EXPECT_TRUE(seen.contains("21"));
    }
}

TEST(memory, increments_are_not_lost) {
    const auto seen = outcomes([] {
        atomic<int> x{0};
        model::thread other([&] { x.fetch_add(1, relaxed); });
        x.fetch_add(1, relaxed);
        other.join();
        return std::to_string(x.load(relaxed));
    });
    EXPECT_EQ(seen, (texts{"2"}));
}

TEST(memory, a_comparison_succeeds_with_the_newest_value_only) {
    const auto seen = outcomes([] {
        atomic<int> x{0};
        const auto take = [&] {
            int expected = 0;
            return x.compare_exchange_strong(expected, 1, relaxed, relaxed);
        };
        bool other_did = false;
        model::thread other([&] { other_did = take(); });
        const bool did = take();
        other.join();
        return of(did, other_did);
    });
    EXPECT_EQ(seen, (texts{"01", "10"}));
}

TEST(memory, a_failed_comparison_may_have_read_an_old_value) {
    const auto seen = outcomes([] {
        atomic<int> x{0};
        int found = 7;
        model::thread other([&] {
            x.store(1, relaxed);
            x.store(2, relaxed);
        });
        x.compare_exchange_strong(found, 9, relaxed, relaxed);
        other.join();
        return std::to_string(found);
    });
    EXPECT_EQ(seen, (texts{"0", "1", "2"}));
}

TEST(memory, sleepers_are_woken_by_a_store_and_a_notify) {
    const auto result = model::explore({}, [] {
        atomic<int> x{0};
        model::thread other([&] {
            x.store(1, relaxed);
            x.notify_one();
        });
        x.wait(0, relaxed);
    });
    EXPECT_TRUE(result.passed()) << result.report();
    EXPECT_TRUE(result.complete);
}

TEST(memory, a_sleeper_that_nobody_notifies_is_a_deadlock) {
    const auto result = model::explore({}, [] {
        atomic<int> x{0};
        model::thread other([&] { x.store(1, relaxed); });
        x.wait(0, relaxed);
    });
    EXPECT_EQ(result.failure.substr(0, 8), "deadlock") << result.report();
}

TEST(memory, an_asymmetric_barrier_orders_stores_before_loads) {
    for (const bool with_barrier : {true, false}) {
        const auto seen = outcomes([with_barrier] {
            atomic<int> x{0}, y{0};
            int a = 0, b = 0;
            model::thread light([&] {
                x.store(1, relaxed);
                a = y.load(relaxed);
            });
            y.store(1, relaxed);
            if (with_barrier) model::barrier_of_all();
            b = x.load(relaxed);
            light.join();
            return of(a, b);
        });
        EXPECT_EQ(seen.contains("00"), !with_barrier);
        EXPECT_TRUE(seen.contains("01") && seen.contains("10") && seen.contains("11"));
    }
}

}  // namespace
