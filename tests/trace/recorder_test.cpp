#include <twill/core/atomic.hpp>
#include <twill/core/error.hpp>
#include <twill/core/event.hpp>
#include <twill/trace/recorder.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace {

using twill::event;
using twill::event_kind;
using twill::note;
using twill::trace::recorder;
using twill::trace::snapshot;
using twill::trace::thread_events;

constexpr twill::trace::recorder_options small{.events_per_thread = 16, .threads = 64};

void note_number(std::uint32_t number, const char* label = "") {
    // The subject repeats the value, so that a record torn in two would show.
    note(event_kind::mark, reinterpret_cast<void*>(std::uintptr_t{number} * 3), label, number);
}

std::size_t count_events(const snapshot& seen) {
    std::size_t count = 0;
    for (const auto& thread : seen.threads) count += thread.events.size();
    return count;
}

TEST(recorder, without_a_recorder_events_go_nowhere) {
    note_number(1);
    recorder r(small);
    EXPECT_EQ(count_events(r.take()), 0U) << "it was kept for the next one";
}

TEST(recorder, empty_when_nothing_happened) {
    recorder r(small);
    const snapshot seen = r.take();
    EXPECT_TRUE(seen.threads.empty());
    EXPECT_EQ(seen.homeless, 0U);
    EXPECT_LE(seen.from, seen.to);
}

TEST(recorder, keeps_events_in_order_with_all_their_fields) {
    recorder r(small);
    int subject = 0;
    note(event_kind::steal, &subject, "why", 7);
    note(event_kind::park, nullptr);
    const snapshot seen = r.take();
    ASSERT_EQ(seen.threads.size(), 1U);
    const auto& events = seen.threads[0].events;
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].kind, event_kind::steal);
    EXPECT_EQ(events[0].subject, reinterpret_cast<std::uintptr_t>(&subject));
    EXPECT_STREQ(events[0].label, "why");
    EXPECT_EQ(events[0].value, 7U);
    EXPECT_EQ(events[1].kind, event_kind::park);
    EXPECT_LE(seen.from, events[0].at);
    EXPECT_LE(events[0].at, events[1].at);
    EXPECT_LE(events[1].at, seen.to);
    EXPECT_EQ(seen.threads[0].id, ::gettid());
}

TEST(recorder, full_ring_overwrites_the_oldest_and_counts_them) {
    recorder r(small);
    for (std::uint32_t i = 0; i < 100; ++i) note_number(i);
    const snapshot seen = r.take();
    ASSERT_EQ(seen.threads.size(), 1U);
    const thread_events& thread = seen.threads[0];
    EXPECT_EQ(thread.lost, 100U - 16U);
    ASSERT_EQ(thread.events.size(), 16U);
    for (std::uint32_t i = 0; i < 16; ++i) EXPECT_EQ(thread.events[i].value, 84 + i);
}

TEST(recorder, takes_more_than_once_and_goes_on) {
    recorder r(small);
    note_number(1);
    EXPECT_EQ(count_events(r.take()), 1U);
    note_number(2);
    EXPECT_EQ(count_events(r.take()), 2U);
}

TEST(recorder, stop_and_start_leave_a_gap) {
    recorder r(small);
    note_number(1);
    r.stop();
    r.stop();
    note_number(2);
    const auto stopped = r.take();
    EXPECT_EQ(count_events(stopped), 1U);
    EXPECT_EQ(r.take().to, stopped.to);
    r.start();
    r.start();
    note_number(3);
    const auto events = r.take().threads.at(0).events;
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[1].value, 3U);
}

TEST(recorder, records_of_an_ended_thread_stay_readable) {
    recorder r(small);
    std::thread([] {
        ::pthread_setname_np(::pthread_self(), "short-lived");
        note_number(5);
    }).join();
    const snapshot seen = r.take();
    ASSERT_EQ(seen.threads.size(), 1U);
    EXPECT_EQ(seen.threads[0].name, "short-lived");
    EXPECT_EQ(seen.threads[0].events.at(0).value, 5U);
}

TEST(recorder, thread_start_names_the_thread) {
    recorder r(small);
    std::thread([] { note(event_kind::thread_start, nullptr, "event worker 12 of pool"); }).join();
    EXPECT_EQ(r.take().threads.at(0).name, "event worker 12 of pool");
}

TEST(recorder, thread_keeps_its_name_when_thread_start_was_overwritten) {
    recorder r(small);
    std::thread([] {
        note(event_kind::thread_start, nullptr, "compute 3");
        for (std::uint32_t i = 0; i < 40; ++i) note_number(i);
    }).join();
    EXPECT_EQ(r.take().threads.at(0).name, "compute 3");
}

TEST(recorder, threads_beyond_the_rings_are_counted) {
    recorder r({.events_per_thread = 16, .threads = 1});
    std::thread([] { note_number(1); }).join();
    note_number(2);
    note_number(3);
    const snapshot seen = r.take();
    ASSERT_EQ(seen.threads.size(), 1U);
    EXPECT_EQ(seen.threads[0].events.at(0).value, 1U);
    EXPECT_EQ(seen.homeless, 2U);
}

TEST(recorder, next_recorder_sees_nothing_of_the_last_one) {
    {
        recorder r(small);
        for (std::uint32_t i = 0; i < 21; ++i) note_number(i);
    }
    recorder r(small);
    EXPECT_EQ(count_events(r.take()), 0U);
    note_number(77);
    const snapshot seen = r.take();
    ASSERT_EQ(count_events(seen), 1U);
    EXPECT_EQ(seen.threads[0].events[0].value, 77U);
    EXPECT_EQ(seen.threads[0].lost, 0U);
}

// A joined thread is known to the kernel for a moment longer.
template <class F>
void run_until_gone(F work) {
    pid_t id = 0;
    std::thread([&] {
        id = ::gettid();
        work();
    }).join();
    while (::tgkill(::getpid(), id, 0) == 0) std::this_thread::yield();
}

TEST(recorder, rings_of_dead_threads_serve_the_next_recorder) {
    for (int round = 0; round < 5; ++round) {
        recorder r({.events_per_thread = 16, .threads = 2});
        run_until_gone([] { note_number(1); });
        note_number(2);
        EXPECT_EQ(r.take().homeless, 0U) << "round " << round;
        EXPECT_EQ(count_events(r.take()), 2U) << "round " << round;
    }
}

TEST(recorder, thread_that_used_another_shape_finds_its_ring_again) {
    for (int round = 0; round < 3; ++round)
        for (const std::size_t events : {16U, 32U}) {
            recorder r({.events_per_thread = events, .threads = 3});
            note_number(1);
            EXPECT_EQ(count_events(r.take()), 1U);
        }
}

TEST(recorder, second_one_at_a_time_is_refused) {
    recorder r(small);
    EXPECT_THROW(recorder second(small), twill::trace::already_recording);
    note_number(1);
    EXPECT_EQ(count_events(r.take()), 1U);
}

TEST(recorder, options_out_of_range_are_refused) {
    EXPECT_THROW(recorder r({.threads = 0}), twill::usage_error);
    EXPECT_THROW(recorder r({.threads = 70'000}), twill::usage_error);
    EXPECT_THROW(recorder r({.events_per_thread = std::size_t{1} << 40}), twill::usage_error);
}

TEST(recorder, address_space_that_cannot_be_had_is_an_error_and_no_recorder) {
    // 2^28 events of 32 bytes for 65,536 threads: 2^49 bytes.
    EXPECT_THROW(recorder r({.events_per_thread = std::size_t{1} << 28, .threads = 65'536}),
                 twill::io_error);
    recorder after(small);
}

// Producers that number their events from 1 without a gap.
class producers {
public:
    explicit producers(int count) {
        for (int i = 0; i < count; ++i)
            threads_.emplace_back([this] {
                for (std::uint32_t n = 1; !done_.load(std::memory_order_relaxed); ++n) {
                    note_number(n);
                    emitted_.fetch_add(1, std::memory_order_relaxed);
                }
            });
    }
    ~producers() {
        done_.store(true);
        for (auto& thread : threads_) thread.join();
    }
    void wait_for(std::uint64_t more) const {
        const auto goal = emitted_.load() + more;
        while (emitted_.load() < goal) std::this_thread::yield();
    }

private:
    twill::atomic<bool> done_{false};
    twill::atomic<std::uint64_t> emitted_{0};
    std::vector<std::thread> threads_;
};

void expect_whole(const snapshot& seen) {
    for (const thread_events& thread : seen.threads) {
        for (std::size_t i = 0; i < thread.events.size(); ++i) {
            const event& e = thread.events[i];
            ASSERT_EQ(e.kind, event_kind::mark);
            ASSERT_EQ(e.subject, std::uint64_t{e.value} * 3);
            if (i == 0) continue;
            ASSERT_EQ(e.value, thread.events[i - 1].value + 1);
            ASSERT_GE(e.at, thread.events[i - 1].at);
        }
    }
}

TEST(recorder, snapshot_while_threads_record_is_whole_and_in_order) {
    recorder r({.events_per_thread = 64, .threads = 64});
    producers busy(3);
    busy.wait_for(100);
    std::size_t seen_events = 0;
    for (int i = 0; i < 200; ++i) {
        const snapshot seen = r.take();
        expect_whole(seen);
        seen_events += count_events(seen);
    }
    EXPECT_GT(seen_events, 0U);
}

TEST(recorder, recorders_come_and_go_while_threads_record) {
    producers busy(3);
    for (int i = 0; i < 60; ++i) {
        recorder r({.events_per_thread = i % 2 == 0 ? 32U : 64U, .threads = 64});
        busy.wait_for(20);
        if (i % 3 == 0) r.stop();
        expect_whole(r.take());
    }
}

TEST(recorder, threads_start_and_end_while_snapshots_are_taken) {
    recorder r({.events_per_thread = 16, .threads = 512});
    twill::atomic<bool> done{false};
    std::thread taker([&] {
        while (!done.load()) expect_whole(r.take());
    });
    for (int round = 0; round < 50; ++round) {
        std::thread a([] {
            for (std::uint32_t n = 1; n < 30; ++n) note_number(n);
        });
        std::thread b([] {
            for (std::uint32_t n = 1; n < 5; ++n) note_number(n);
        });
        a.join();
        b.join();
    }
    done.store(true);
    taker.join();
    const snapshot seen = r.take();
    EXPECT_EQ(seen.threads.size(), 100U);
    EXPECT_EQ(seen.homeless, 0U);
}

}  // namespace
