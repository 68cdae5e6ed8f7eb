#include <twill/core/runnable.hpp>

#include <gtest/gtest.h>

namespace {

struct numbered final : twill::runnable {
    explicit numbered(int n) : runnable(&numbered::ran), number(n) {}
    static void ran(runnable& self) noexcept { ++static_cast<numbered&>(self).times; }
    int number;
    int times = 0;
};

int pop(twill::runnable_queue& from) {
    auto* front = from.pop_front();
    return front == nullptr ? -1 : static_cast<numbered*>(front)->number;
}

TEST(RunnableQueue, IsFirstInFirstOut) {
    twill::runnable_queue queue;
    numbered a(1);
    numbered b(2);
    EXPECT_TRUE(queue.empty());
    queue.push_back(a);
    queue.push_back(b);
    EXPECT_FALSE(queue.empty());
    EXPECT_EQ(pop(queue), 1);
    queue.push_back(a);
    EXPECT_EQ(pop(queue), 2);
    EXPECT_EQ(pop(queue), 1);
    EXPECT_EQ(pop(queue), -1);
    EXPECT_TRUE(queue.empty());
}

TEST(RunnableQueue, AppendKeepsTheOrderAndEmptiesTheOther) {
    twill::runnable_queue first;
    twill::runnable_queue second;
    numbered a(1);
    numbered b(2);
    numbered c(3);
    first.append(second);
    EXPECT_TRUE(first.empty());
    second.push_back(a);
    first.append(second);
    second.push_back(b);
    second.push_back(c);
    first.append(second);
    EXPECT_TRUE(second.empty());
    for (int n = 1; n <= 3; ++n) EXPECT_EQ(pop(first), n);
    EXPECT_TRUE(first.empty());
}

TEST(Runnable, RunsWhatItWasMadeFor) {
    numbered work(1);
    work.run(work);
    EXPECT_EQ(work.times, 1);
}

}  // namespace
