#include <explore/numbering.hpp>

#include <gtest/gtest.h>

#include <set>

#include "program.hpp"

namespace explore_test {
namespace {

TEST(numbering, numbers_in_order_of_first_use) {
    test_arena memory;
    numbering objects(memory);
    int a = 0, b = 0;
    EXPECT_EQ(objects.of(&b), 1U);
    EXPECT_EQ(objects.of(&a), 2U);
    EXPECT_EQ(objects.of(&b), 1U);
    EXPECT_EQ(objects.known(reinterpret_cast<std::uintptr_t>(&objects)), 0U);
}

TEST(numbering, an_object_at_the_place_of_a_forgotten_one_is_another) {
    test_arena memory;
    numbering objects(memory);
    int place = 0;
    EXPECT_EQ(objects.of(&place), 1U);
    objects.forget(&place);
    objects.forget(&memory);  // was never known
    EXPECT_EQ(objects.of(&place), 2U);
}

TEST(numbering, keeps_thousands_apart) {
    test_arena memory;
    numbering objects(memory);
    std::set<std::uint64_t> numbers;
    for (std::uintptr_t key = 0; key != 10'000; ++key) {
        numbers.insert(objects.of(key * 16));
        if (key % 3 == 0) objects.forget(key * 16);
    }
    EXPECT_EQ(numbers.size(), 10'000U);
    for (std::uintptr_t key = 0; key != 10'000; ++key)
        EXPECT_EQ(objects.known(key * 16), key % 3 == 0 ? 0 : key + 1);
}

}  // namespace
}  // namespace explore_test
