// One direction of a descriptor: no edge is lost between the try of a call and the wait, and of
// those who may end a request (an edge, a cancellation, its submitter) one does.
#include <reactor/direction.hpp>

#include "expectations.hpp"

#include <cerrno>

namespace model_test {
namespace {

using twill::detail::outcome;

// What a request asks of the kernel: some bytes.
struct reading {
    twill::atomic<bool> cancelled{false};
    long result = 0;
    twill::atomic<int> ends{0};

    void finished() {
        model::check(ends.fetch_add(1, std::memory_order_release) == 0, "a request ends once");
        ends.notify_one();
    }
    // Acquire: as who is posted.
    void wait() { ends.wait(0, std::memory_order_acquire); }
};
using direction = twill::detail::direction<reading>;

struct kernel {
    direction side;
    static constexpr int end = 8;
    twill::atomic<int> bytes{0};  // and `end` behind the last

    // What came in short of a whole buffer is all there was.
    kernel() { side.reset(true); }
    auto call() {
        return [this](reading& what) {
            const int there = bytes.fetch_and(end);
            if (there == 0) return outcome::would_block;
            what.result = there & ~end;
            if (there == end) return outcome::done;
            return outcome::done_and_drained;
        };
    }
    // Whoever polls has learnt that it came.
    void byte_comes(bool is_last = false) {
        bytes.fetch_add(is_last ? 1 + end : 1);
        if (reading* const complete = side.edge(is_last, false, call())) complete->finished();
    }
    void cancel(reading& what) {
        what.cancelled.store(true);
        if (!side.take(what)) return;
        what.result = -ECANCELED;
        what.finished();
    }
    long read(reading& what) {
        if (!side.submit(what, call())) what.wait();
        return what.result;
    }
};

void a_byte_comes() {
    kernel io;
    reading one;
    model::thread poller([&] { io.byte_comes(); });
    model::check(io.read(one) == 1, "it is read");
}

void two_bytes_come_to_two_who_poll() {
    kernel io;
    reading first, second;
    model::thread poller([&] { io.byte_comes(); });
    model::thread other([&] { io.byte_comes(); });
    const long got = io.read(first);
    model::check(got == 2 || io.read(second) == 1, "both are read");
}

void a_byte_comes_as_it_is_cancelled() {
    kernel io;
    reading first, second;
    model::thread canceller([&] { io.cancel(first); });
    model::thread poller([&] { io.byte_comes(); });
    const long got = io.read(first);
    if (got != 1) {
        model::check(got == -ECANCELED, "it was cancelled");
        model::check(io.read(second) == 1, "the next one finds the byte");
    }
    canceller.join();
    poller.join();
}

// One edge tells of both, and the short read that follows is not all there was.
void the_end_comes_with_the_last_byte() {
    kernel io;
    reading first, second;
    model::thread poller([&] { io.byte_comes(true); });
    model::check(io.read(first) == 1, "the byte is read");
    model::check(io.read(second) == 0, "and then the end");
}

const scenarios of_direction{{all, a_byte_comes},
                             {bounded, two_bytes_come_to_two_who_poll},
                             {bounded, a_byte_comes_as_it_is_cancelled},
                             {all, the_end_comes_with_the_last_byte}};

TEST(direction, loses_no_edge) { expect_holds(of_direction[0]); }
TEST(direction, loses_no_edge_of_two_who_poll) { expect_holds(of_direction[1]); }
TEST(direction, ends_a_request_once) { expect_holds(of_direction[2]); }

TEST(direction, tells_the_end_behind_a_short_read) { expect_holds(of_direction[3]); }

TEST(direction, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(of_direction, {{"direction::edge compare", tear},
                                       {"direction::take compare", tear},
                                       {"direction::go_on compare", tear},
                                       {"direction::put_down compare", tear},
                                       {"direction::go_on add", tear}}),
              names{});
}

}  // namespace
}  // namespace model_test
