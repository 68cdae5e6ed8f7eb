#include "check/memory/race_detector.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "check/memory/call_tree.hpp"
#include "check/memory/pages.hpp"

namespace {

using twill::check::access_record;
using twill::check::atomic_op;
using twill::check::call_id;
using twill::check::call_tree;
using twill::check::order;
using twill::check::race;
using twill::check::race_detector;
using twill::explore::arena;

constexpr auto read = access_record::plain_read;
constexpr auto write = access_record::write;
constexpr order relaxed = order::of(0), acquire = order::of(2), release = order::of(3);

// Threads 0 (the main one), 1 and 2 and some addresses.
class RaceDetector : public testing::Test {
protected:
    RaceDetector() {
        detector.begin(0);
        detector.spawn(0, 1);
        detector.spawn(0, 2);
    }

    bool races(unsigned thread, std::uintptr_t address, std::uint8_t kind, std::size_t size = 4) {
        return detector.access(thread, address, size, kind, 1000 * thread + kind) != nullptr;
    }
    bool atomically(unsigned thread, std::uintptr_t address, atomic_op operation, order how) {
        return detector.atomic(thread, address, 4, operation, how, 1) != nullptr;
    }

    static constexpr std::uintptr_t data = 0x5000'1000, flag = 0x5000'2000, mutex = 0x5000'3000;
    arena memory{&twill::check::map_pages};
    race_detector detector{memory, &twill::check::map_pages};
};

TEST_F(RaceDetector, TwoReadsDoNotRaceAWriteDoes) {
    EXPECT_FALSE(races(1, data, read));
    EXPECT_FALSE(races(2, data, read));
    EXPECT_TRUE(races(1, data, write)) << "thread 2's read is not ordered with it";
}

TEST_F(RaceDetector, NamesBothSidesAndTheFirstByteThatTheyShare) {
    EXPECT_FALSE(races(1, data + 6, write, 4));
    const race* const found = detector.access(2, data, 16, read, 77);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->earlier.thread, 1U);
    EXPECT_EQ(found->earlier.place, 1000U + write);
    EXPECT_EQ(found->earlier.kind, write);
    EXPECT_EQ(found->later.thread, 2U);
    EXPECT_EQ(found->later.place, 77U);
    EXPECT_EQ(found->address, data + 6);
}

TEST_F(RaceDetector, NeighbouringBytesDoNotRace) {
    for (unsigned byte = 0; byte != 16; ++byte)
        EXPECT_FALSE(races(1 + byte % 2, data + byte, write, 1)) << "byte " << byte;
    EXPECT_TRUE(races(1, data + 3, write, 1)) << "that byte is the other thread's";
}

TEST_F(RaceDetector, ARaceIsToldOnce) {
    EXPECT_FALSE(races(1, data, write));
    EXPECT_TRUE(races(2, data, write));
    EXPECT_FALSE(races(2, data, write));
    EXPECT_TRUE(races(1, data, write)) << "this is another one: with what thread 2 wrote";
}

TEST_F(RaceDetector, StartAndJoinOrder) {
    EXPECT_FALSE(races(0, data, write));
    detector.spawn(0, 3);
    EXPECT_FALSE(races(3, data, write)) << "the write came before the start";
    detector.join(0, 3);
    EXPECT_FALSE(races(0, data, write));
}

TEST_F(RaceDetector, AWriteAfterTheStartRacesWithTheChild) {
    detector.spawn(0, 3);
    EXPECT_FALSE(races(0, data, write));
    EXPECT_TRUE(races(3, data, read));
}

TEST_F(RaceDetector, OneMutexOrdersAnotherDoesNot) {
    detector.acquire(1, mutex);
    EXPECT_FALSE(races(1, data, write));
    detector.release(1, mutex);
    detector.acquire(2, mutex);
    EXPECT_FALSE(races(2, data, write));
    detector.release(2, mutex);
    detector.acquire(1, mutex + 64);
    EXPECT_TRUE(races(1, data, read)) << "the wrong lock";
}

TEST_F(RaceDetector, WhatIsWrittenAfterTheUnlockIsNotReleased) {
    detector.release(1, mutex);
    EXPECT_FALSE(races(1, data, write));
    detector.acquire(2, mutex);
    EXPECT_TRUE(races(2, data, write));
}

TEST_F(RaceDetector, ReleaseAndAcquirePassAMessage) {
    EXPECT_FALSE(races(1, data, write));
    EXPECT_FALSE(atomically(1, flag, atomic_op::store, release));
    EXPECT_FALSE(atomically(2, flag, atomic_op::load, acquire));
    EXPECT_FALSE(races(2, data, read));
}

TEST_F(RaceDetector, RelaxedPassesNothing) {
    for (const auto& [store, load] : {std::pair{relaxed, acquire}, {release, relaxed}}) {
        const std::uintptr_t at = data + 64 * (store.release ? 1 : 2);
        EXPECT_FALSE(races(1, at, write));
        EXPECT_FALSE(atomically(1, flag, atomic_op::store, store));
        EXPECT_FALSE(atomically(2, flag, atomic_op::load, load));
        EXPECT_TRUE(races(2, at, read));
    }
}

TEST_F(RaceDetector, ARelaxedReadModifyWriteGoesOnWithTheReleaseSequence) {
    EXPECT_FALSE(races(1, data, write));
    EXPECT_FALSE(atomically(1, flag, atomic_op::store, release));
    EXPECT_FALSE(atomically(0, flag, atomic_op::read_modify_write, relaxed));
    EXPECT_FALSE(atomically(2, flag, atomic_op::load, acquire));
    EXPECT_FALSE(races(2, data, read));
}

TEST_F(RaceDetector, ARelaxedStoreEndsTheReleaseSequence) {
    EXPECT_FALSE(races(1, data, write));
    EXPECT_FALSE(atomically(1, flag, atomic_op::store, release));
    EXPECT_FALSE(atomically(0, flag, atomic_op::store, relaxed));
    EXPECT_FALSE(atomically(2, flag, atomic_op::load, acquire));
    EXPECT_TRUE(races(2, data, read));
}

TEST_F(RaceDetector, FencesMakeRelaxedAccessesCount) {
    EXPECT_FALSE(races(1, data, write));
    detector.fence(1, release);
    EXPECT_FALSE(atomically(1, flag, atomic_op::store, relaxed));
    EXPECT_FALSE(atomically(2, flag, atomic_op::load, relaxed));
    detector.fence(2, acquire);
    EXPECT_FALSE(races(2, data, read));
}

TEST_F(RaceDetector, AFenceReleasesOnlyWhatCameBeforeIt) {
    detector.fence(1, release);
    EXPECT_FALSE(races(1, data, write));
    EXPECT_FALSE(atomically(1, flag, atomic_op::store, relaxed));
    EXPECT_FALSE(atomically(2, flag, atomic_op::load, relaxed));
    detector.fence(2, acquire);
    EXPECT_TRUE(races(2, data, read));
}

TEST_F(RaceDetector, AtomicsDoNotRaceWithEachOtherButWithPlainAccesses) {
    EXPECT_FALSE(atomically(1, flag, atomic_op::store, relaxed));
    EXPECT_FALSE(atomically(2, flag, atomic_op::read_modify_write, relaxed));
    EXPECT_TRUE(races(0, flag, read));
    EXPECT_FALSE(races(1, data, write));
    EXPECT_TRUE(atomically(2, data, atomic_op::load, acquire));
}

TEST_F(RaceDetector, APlainWriteIsNotForgottenOverAnAtomicOneOfTheSameThread) {
    EXPECT_FALSE(races(1, data, write));
    EXPECT_FALSE(atomically(1, data, atomic_op::store, relaxed));
    EXPECT_TRUE(atomically(2, data, atomic_op::load, relaxed));
}

TEST_F(RaceDetector, EachOfManyReadersIsRemembered) {
    for (unsigned child = 3; child != 40; ++child) {
        detector.spawn(0, child);
        EXPECT_FALSE(races(child, data, read));
    }
    for (unsigned child = 3; child != 40; ++child)
        if (child != 17) detector.join(0, child);
    const race* const found = detector.access(0, data, 4, write, 1);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->earlier.thread, 17U) << "the only one that was not joined";
}

TEST_F(RaceDetector, MemoryThatBeginsANewLifeHasNoPast) {
    EXPECT_FALSE(races(1, data, write, 64));
    EXPECT_FALSE(atomically(1, flag, atomic_op::store, release));
    detector.shadow().reset(data, 61);
    EXPECT_FALSE(races(2, data, write, 61));
    EXPECT_TRUE(races(2, data + 61, write, 3)) << "these bytes go on";
    detector.shadow().reset(flag, 4);
    EXPECT_FALSE(atomically(2, flag, atomic_op::load, acquire));
    EXPECT_FALSE(races(1, data + 128, write));
    EXPECT_TRUE(races(2, data + 128, write)) << "nothing was learned from the old flag";
}

TEST_F(RaceDetector, ResetSpansRegionsAndLeavesUntouchedOnesAlone) {
    constexpr std::uintptr_t megabyte = 1 << 20;
    for (std::uintptr_t at = 0; at != 8 * megabyte; at += megabyte / 2)
        EXPECT_FALSE(races(1, data + at, write));
    detector.shadow().reset(data, 1024 * megabyte);
    for (std::uintptr_t at = 0; at != 8 * megabyte; at += megabyte / 2)
        EXPECT_FALSE(races(2, data + at, write)) << "at " << at;
}

TEST_F(RaceDetector, NumbersFollowFirstUseNotAddresses) {
    auto& shadow = detector.shadow();
    const auto second = shadow.number(data), first = shadow.number(flag + 4);
    EXPECT_NE(first, second);
    EXPECT_EQ(shadow.number(data), second);
    EXPECT_EQ(shadow.number(data + 4), second + 4) << "a neighbour is another object";

    arena other_memory{&twill::check::map_pages};
    race_detector other{other_memory, &twill::check::map_pages};
    EXPECT_EQ(other.shadow().number(0x7fff'0000'1000), second);
    EXPECT_EQ(other.shadow().number(0x7fff'0000'0004), first);
}

TEST_F(RaceDetector, KnowsWhatIsShared) {
    EXPECT_FALSE(races(1, data, write));
    EXPECT_FALSE(races(1, data, read));
    EXPECT_FALSE(detector.shadow().at(data).shared);
    EXPECT_TRUE(races(2, data, read));
    EXPECT_TRUE(detector.shadow().at(data).shared);
}

TEST(CallTree, TellsStacksApartAndGivesTheirFrames) {
    arena memory{&twill::check::map_pages};
    call_tree calls(memory);
    const call_id outer = calls.enter(0, 0x10);
    const call_id left = calls.enter(outer, 0x20), right = calls.enter(outer, 0x30);
    EXPECT_NE(left, right);
    EXPECT_EQ(calls.enter(outer, 0x20), left);
    EXPECT_NE(calls.enter(0, 0x20), left) << "the same frame under another caller";
    std::uintptr_t frames[4]{};
    EXPECT_EQ(calls.frames(right, frames, 4), 2U);
    EXPECT_EQ(frames[0], 0x30U);
    EXPECT_EQ(frames[1], 0x10U);
    EXPECT_EQ(calls.caller(right), outer);
}

TEST(CallTree, GrowsPastItsFirstTable) {
    arena memory{&twill::check::map_pages};
    call_tree calls(memory);
    std::vector<call_id> made{0};
    for (unsigned i = 1; i != 50'000; ++i) made.push_back(calls.enter(made[i / 2], i));
    for (unsigned i = 1; i != 50'000; ++i) ASSERT_EQ(calls.enter(made[i / 2], i), made[i]);
    EXPECT_EQ(calls.size(), 50'000U);
}

}  // namespace
