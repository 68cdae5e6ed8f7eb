#include "check/memory/access_places.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>

#include "check/memory/pages.hpp"
#include "check/memory/race_detector.hpp"

namespace {

using twill::check::access_places;
using twill::check::access_record;
using twill::check::race_detector;
using twill::check::sharing_watch;
using twill::explore::arena;
using kind = access_places::kind;

class AccessPlaces : public testing::Test {
protected:
    AccessPlaces() {
        detector.begin(0);
        detector.spawn(0, 1);
    }
    void access(unsigned thread, std::uintptr_t address, std::uintptr_t place) {
        detector.access(thread, address, 4, access_record::write, 1);
        watch.came_by(detector.shadow().at(address), place);
    }

    static constexpr std::uintptr_t data = 0x5000'1000;
    arena memory{&twill::check::map_pages};
    race_detector detector{memory, &twill::check::map_pages};
    std::unique_ptr<access_places> places = std::make_unique<access_places>();
    sharing_watch watch{memory, *places};
};

TEST_F(AccessPlaces, WhatOneThreadTouchesIsItsOwn) {
    access(1, data, 0x10);
    access(1, data, 0x20);
    EXPECT_EQ(places->of(0x10), kind::alone);
    EXPECT_EQ(places->of(0x20), kind::alone);
    EXPECT_EQ(places->of(0x30), kind::unseen);
}

TEST_F(AccessPlaces, WhoCameBeforeTheOtherThreadTouchesSharedMemoryToo) {
    access(1, data, 0x10);
    access(1, data, 0x20);
    access(0, data, 0x30);
    access(1, data, 0x40);
    for (const std::uintptr_t place : {0x10U, 0x20U, 0x30U, 0x40U})
        EXPECT_EQ(places->of(place), kind::shared) << place;
}

TEST_F(AccessPlaces, OnceSharedAlwaysShared) {
    access(1, data, 0x10);
    access(0, data, 0x20);
    access(1, data + 64, 0x10);
    EXPECT_EQ(places->of(0x10), kind::shared);
}

TEST_F(AccessPlaces, AGranuleOfManyPlacesKeepsAllOfThemOnTheSafeSide) {
    for (std::uintptr_t place = 1; place != 100; ++place) access(1, data, place);
    access(0, data, 200);
    for (std::uintptr_t place = 1; place != 100; ++place)
        EXPECT_EQ(places->of(place), kind::shared) << place;
}

TEST_F(AccessPlaces, AFullTableLeavesPlacesUnseen) {
    for (std::uintptr_t place = 1; place != 100'000; ++place) places->mark(place, kind::alone);
    EXPECT_EQ(places->of(1), kind::alone);
    EXPECT_EQ(places->of(99'999), kind::unseen);
    places->mark(1, kind::shared);
    EXPECT_EQ(places->of(1), kind::shared) << "those that are there can still be changed";
}

}  // namespace
