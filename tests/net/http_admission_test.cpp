#include "net/http_admission.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <queue>
#include <vector>

namespace {

using namespace std::chrono_literals;
using twill::duration;
using twill::time_point;
using twill::detail::http_admission;
using twill::detail::http_applicant;
using state = http_applicant::state;

// A server in a time of its own: requests come every `pause`, and each takes `work` in one of
// `places`.
class simulated {
public:
    simulated(twill::http::overload_options options, std::size_t places, duration work)
        : gate_(options, places), work_(work) {}

    void requests(std::size_t count, duration pause) {
        for (std::size_t i = 0; i < count; ++i) {
            go_on_until(now_ + pause);
            arrive();
        }
    }
    void one_more() { arrive(); }
    void wait(duration length) { go_on_until(now_ + length); }

    [[nodiscard]] std::size_t done() const { return waits_.size(); }
    [[nodiscard]] std::size_t refused() const { return refused_; }
    [[nodiscard]] const std::vector<duration>& waits() const { return waits_; }
    // Which request was answered when, by their order of arrival.
    [[nodiscard]] const std::vector<std::size_t>& order() const { return order_; }
    [[nodiscard]] duration wait_of(double part) const {
        auto sorted = waits_;
        std::ranges::sort(sorted);
        return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
    }
    [[nodiscard]] twill::http::load_figures figures() const { return gate_.figures(); }

private:
    struct request {
        http_applicant place;
        std::size_t number = 0;
        bool settled = false;
    };
    struct running {
        time_point ends;
        request* what;
        bool operator>(const running& other) const { return ends > other.ends; }
    };

    void arrive() {
        auto& made = all_.emplace_back();
        made.number = all_.size();
        if (gate_.arrive(made.place, now_))
            begin(made);
        else
            waiting_.push_back(&made);
        look();
    }
    void begin(request& what) {
        what.settled = true;
        waits_.push_back(now_ - what.place.came);
        order_.push_back(what.number);
        working_.push({now_ + work_, &what});
    }
    // What the waiting tasks of a server see.
    void look() {
        for (request* each : waiting_) {
            if (each->place.is == state::waiting && gate_.patience(each->place.came) <= now_)
                gate_.withdraw(each->place, true, now_);
            if (each->place.is == state::admitted) begin(*each);
            if (each->place.is != state::refused) continue;
            each->settled = true;
            ++refused_;
        }
        std::erase_if(waiting_, [](const request* each) { return each->settled; });
    }
    void go_on_until(time_point when) {
        while (!working_.empty() && working_.top().ends <= when) {
            const running next = working_.top();
            working_.pop();
            now_ = next.ends;
            gate_.leave(next.what->place, now_);
            look();
        }
        now_ = when;
        look();
    }

    http_admission gate_;
    duration work_;
    time_point now_{1h};
    std::deque<request> all_;
    std::vector<request*> waiting_;
    std::priority_queue<running, std::vector<running>, std::greater<>> working_;
    std::vector<duration> waits_;
    std::vector<std::size_t> order_;
    std::size_t refused_ = 0;
};

// 4 places, 10 ms each: 400 a second.
TEST(HttpAdmission, RefusesNobodyWhoCanBeAnswered) {
    simulated server({.target = 5ms}, 4, 10ms);
    server.requests(4'000, 2600us);
    EXPECT_EQ(server.refused(), 0U);
    EXPECT_EQ(server.wait_of(1.0), 0ms);
}

TEST(HttpAdmission, ABurstWaits) {
    simulated server({.target = 5ms}, 4, 10ms);
    for (int burst = 0; burst < 10; ++burst) {
        for (int i = 0; i < 40; ++i) server.one_more();
        server.wait(200ms);
    }
    EXPECT_EQ(server.refused(), 0U);
    EXPECT_EQ(server.done(), 400U);
    EXPECT_TRUE(std::ranges::is_sorted(server.order())) << "first come, first served";
}

TEST(HttpAdmission, AtTwiceTheLoadAsMuchIsDoneAndNobodyWaitsLong) {
    for (const duration work : {duration(1ms), duration(10ms), duration(50ms)}) {
        simulated server({.target = 5ms}, 4, work);
        const auto count = static_cast<std::size_t>(10s / (work / 8));
        server.requests(count, work / 8);
        const auto could = static_cast<double>(count) / 2;
        EXPECT_GE(static_cast<double>(server.done()), 0.95 * could);
        EXPECT_GE(static_cast<double>(server.refused()), 0.9 * could);
        // The newest may have come just after a place was taken.
        EXPECT_LE(server.wait_of(0.95), 5ms + work / 8);
        // The interval is how long a queue may stand before it is taken for overload.
        EXPECT_LE(server.wait_of(0.99), 100ms);
        EXPECT_LE(server.wait_of(1.0), 100ms);
    }
}

TEST(HttpAdmission, TheLongestWaitIsThatOfTheTargetOnceItIsOverloaded) {
    simulated server({.target = 5ms}, 8, 4ms);
    server.requests(2'000, 250us);  // 4,000 a second, where 2,000 can be answered
    const auto& waits = server.waits();
    const std::span late(waits.begin() + static_cast<std::ptrdiff_t>(waits.size() / 2),
                         waits.end());
    EXPECT_LE(*std::ranges::max_element(late), 5ms);
}

TEST(HttpAdmission, ItRecovers) {
    simulated server({.target = 5ms}, 4, 10ms);
    server.requests(8'000, 1250us);
    server.wait(1s);
    const auto refused = server.refused();
    server.requests(1'000, 2600us);
    EXPECT_EQ(server.refused(), refused);
    EXPECT_EQ(server.done() + server.refused(), 9'000U);
    server.wait(1s);
    const auto figures = server.figures();
    EXPECT_EQ(figures.handlers, 0U);
    EXPECT_EQ(figures.waiting, 0U);
    EXPECT_EQ(figures.admitted, server.done());
    EXPECT_EQ(figures.refused, server.refused());
}

TEST(HttpAdmission, WhoGoesByHimselfIsNotCounted) {
    http_admission gate({.target = 5ms}, 1);
    http_applicant one;
    http_applicant two;
    http_applicant three;
    const time_point now{1h};
    EXPECT_TRUE(gate.arrive(one, now));
    EXPECT_FALSE(gate.arrive(two, now));
    EXPECT_FALSE(gate.arrive(three, now));
    EXPECT_FALSE(gate.withdraw(two, false, now)) << "it was cancelled";
    EXPECT_EQ(gate.figures().refused, 0U);
    gate.leave(one, now + 1ms);
    EXPECT_TRUE(three.decided.is_set());
    EXPECT_TRUE(gate.withdraw(three, true, now + 1ms)) << "it came to its place meanwhile";
    gate.leave(three, now + 2ms);
    EXPECT_EQ(gate.figures().handlers, 0U);
}

}  // namespace
