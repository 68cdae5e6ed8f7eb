#include <twill/par/accumulator.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/join.hpp>

#include <gtest/gtest.h>

#include <barrier>
#include <memory>
#include <thread>
#include <vector>

#include "par/fixtures.hpp"
#include "par/numbers.hpp"

namespace {

using par_test::churn;
using par_test::pool_of;
using twill::par::accumulator;
using twill::par::context;

TEST(accumulator, combines_what_all_workers_added) {
    for (const unsigned workers : {1U, 4U}) {
        pool_of test(workers);
        accumulator<long> sum;
        twill::par::for_each_index(20'000, [&](context& here, std::size_t i) {
            churn(50);
            sum.local(here) += static_cast<long>(i);
        });
        EXPECT_EQ(sum.combine(), 199'990'000);
        EXPECT_EQ(sum.combine(), 0) << "the values are gone";
    }
}

TEST(accumulator, is_one_value_a_worker_however_many_share_a_bucket) {
    constexpr int many = 100;
    twill::compute_pool pool({.workers = 1});
    accumulator<int> used;
    std::barrier all_begun(many);
    std::vector<std::thread> threads;
    for (int i = 0; i < many; ++i)
        threads.emplace_back([&] {
            twill::compute_pool::membership here(pool);
            int& mine = used.local();
            ++mine;
            all_begun.arrive_and_wait();
            EXPECT_EQ(&mine, &used.local());
            all_begun.arrive_and_wait();
        });
    for (std::thread& t : threads) t.join();
    int values = 0;
    used.for_each([&](int& n) {
        ++values;
        EXPECT_EQ(n, 1);
    });
    EXPECT_EQ(values, many);
}

TEST(accumulator, starts_each_value_from_the_neutral_one) {
    pool_of test(4);
    accumulator<std::vector<int>> lists(std::vector<int>{7});
    twill::par::for_each_index(1'000, [&](std::size_t i) {
        churn(200);
        lists.local().push_back(static_cast<int>(i));
    });
    std::size_t total = 0;
    std::size_t values = 0;
    lists.for_each([&](std::vector<int>& list) {
        EXPECT_EQ(list.front(), 7);
        total += list.size() - 1;
        ++values;
    });
    EXPECT_EQ(total, 1'000U);
    EXPECT_GE(values, 1U);
    const auto all = lists.combine([](std::vector<int> a, std::vector<int> b) {
        a.insert(a.end(), b.begin(), b.end());
        return a;
    });
    EXPECT_EQ(all.size(), 1'001 + values);
}

TEST(accumulator, an_update_whose_right_side_forks_loses_nothing) {
    pool_of test(4);
    accumulator<long> sum;
    twill::par::for_each_index(300, [&](context& here, std::size_t) {
        const auto leaf = [&](context& c) {
            churn(2'000);
            sum.local(c) += 1;
            return 1L;
        };
        const auto both = [&] {
            auto [a, b] = twill::par::join(here, leaf, leaf);
            return a + b;
        };
        sum.local(here) += both();
    });
    EXPECT_EQ(sum.combine(), 4 * 300);
}

TEST(accumulator, values_of_workers_of_two_pools_are_apart) {
    accumulator<int> sum;
    for (int i = 0; i < 3; ++i)
        std::thread([&] {
            pool_of test(2);
            ++sum.local();
        }).join();
    EXPECT_EQ(sum.combine(), 3);
}

TEST(accumulator, frees_what_nobody_combined) {
    const auto counted = std::make_shared<int>(0);
    {
        pool_of test(2);
        accumulator<std::shared_ptr<int>> copies(counted);
        EXPECT_EQ(copies.local(), counted);
        copies.clear();
        EXPECT_EQ(counted.use_count(), 2);
        EXPECT_EQ(copies.local(), counted);
    }
    EXPECT_EQ(counted.use_count(), 1);
}

}  // namespace
