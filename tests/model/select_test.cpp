// A choice between several places (async/detail/choosing) and channels: one case is chosen, what is
// sent is received once, and a case that is not chosen has done nothing.
#include <twill/async/channel.hpp>
#include <twill/async/select.hpp>
#include <twill/async/semaphore.hpp>

#include "expectations.hpp"
#include "strand.hpp"

#include <memory>
#include <optional>

namespace model_test {
namespace {

using twill::channel;
using twill::send_status;

// As what `co_await select(...)` makes of it.
template <class... Cases>
using select_core = twill::detail::select_base<twill::detail::choosing_task,
                                               twill::detail::select_result<Cases...>, Cases...>;
template <class... Cases>
class picking final : public select_core<Cases...> {
public:
    using select_core<Cases...>::select_core;
    // True: the strand is suspended, and will be posted.
    bool begin_in(strand& owner) noexcept { return this->begin(owner.coroutine(), owner); }
    // Nothing: it was cut short.
    std::optional<twill::detail::select_result<Cases...>> outcome() {
        try {
            this->conclude();
        } catch (const twill::cancelled&) {
            return std::nullopt;
        }
        return this->finish();
    }
};

// Runs a select in a strand on this thread, and gives what it chose.
template <class... As>
auto pick(event_thread& home, strand& self, As... what) {
    std::tuple<twill::detail::as_case<As>...> cases(twill::detail::to_case(std::move(what))...);
    auto op = std::make_unique<picking<twill::detail::as_case<As>...>>(cases);
    if (op->begin_in(self)) home.take();
    return op->outcome();
}

// Two send into different channels, a third may cancel.
void one_of_two_channels() {
    event_thread home;
    strand self(home);
    channel<int> a(0);
    channel<int> b(0);
    bool sent_a = false, sent_b = false;
    model::thread to_a([&] { sent_a = a.try_send(1) == send_status::sent; });
    model::thread to_b([&] { sent_b = b.try_send(2) == send_status::sent; });
    model::thread canceller([&] { self.request_cancel(); });
    const auto got = pick(home, self, a.receive(), b.receive());
    to_a.join();
    to_b.join();
    canceller.join();
    model::check(home.idle(), "ready once");
    model::check(!(sent_a && sent_b), "one is chosen");
    model::check(got.has_value() == (sent_a || sent_b), "what was sent is received");
    if (got && sent_a) model::check(std::get<0>(*got) == 1, "that one");
    if (got && sent_b) model::check(std::get<1>(*got) == 2, "that one");
    model::check(a.try_send(3) == send_status::full && b.try_send(3) == send_status::full,
                 "nobody waits any more");
}

// Two selects, each at both ends, from different sides: they meet, once.
void select_against_select() {
    event_thread home, far_home;
    strand self(home), far_self(far_home);
    channel<int> a(0);
    channel<int> b(0);
    int there = -1;
    model::thread other([&] {
        const auto got = pick(far_home, far_self, b.send(2), a.receive());
        there = got->index() == 0 ? 0 : *std::get<1>(*got);
    });
    const auto got = pick(home, self, a.send(1), b.receive());
    const int here = got->index() == 0 ? 0 : *std::get<1>(*got);
    other.join();
    model::check((here == 0 && there == 1) || (here == 2 && there == 0), "one sends, one receives");
    model::check(home.idle() && far_home.idle(), "ready once");
    model::check(a.try_send(3) == send_status::full && b.try_send(3) == send_status::full,
                 "nobody waits any more");
    model::check(!a.try_receive() && !b.try_receive(), "nobody waits any more");
}

// The time has come while somebody sends and somebody cancels.
void time_against_value_and_cancel() {
    timed_thread home;
    strand self(home);
    channel<int> a(0);
    bool sent = false;
    model::thread to_a([&] { sent = a.try_send(1) == send_status::sent; });
    model::thread clock([&] { home.go_off(); });
    model::thread canceller([&] { self.request_cancel(); });
    const auto got =
        pick(home, self, a.receive(), twill::sleep_until(twill::time_point(twill::duration(1))));
    to_a.join();
    clock.join();
    canceller.join();
    model::check(home.idle(), "ready once");
    model::check((got && got->index() == 0) == sent, "what was sent is received");
}

// A permit comes back, without the lock, while the select queues up for it.
void permit_or_value() {
    event_thread home;
    strand self(home);
    twill::semaphore permits(0);
    channel<int> a(1);
    bool sent = false;
    model::thread giver([&] { permits.release(); });
    model::thread to_a([&] { sent = a.try_send(1) == send_status::sent; });
    {
        const auto got = pick(home, self, a.receive(), permits.acquire());
        giver.join();
        to_a.join();
        model::check(sent, "there is room");
        const bool received = got->index() == 0;
        model::check(permits.available() == (received ? 1U : 0U), "no permit is lost");
        model::check(a.size() == (received ? 0U : 1U), "no value is lost");
    }
    model::check(permits.available() == 1, "it was given back");
    model::check(home.idle(), "ready once");
}

// A channel by itself: two senders, of whom one may wait, a receiver that may be cancelled, and
// somebody who closes it.
class receiving final : public twill::detail::place_wait {
public:
    explicit receiving(twill::detail::channel_queue<int>& from) noexcept
        : place_wait("receive", from.receiving()) {
        slot = &value;
    }
    bool begin_in(strand& owner) noexcept { return begin(owner.coroutine(), owner); }
    [[nodiscard]] bool cut() const noexcept { return now_is != state::granted; }
    std::optional<int> value;
};
class sending final : public twill::detail::place_wait {
public:
    sending(twill::detail::channel_queue<int>& to, int& value) noexcept
        : place_wait("send", to.sending()), what(&value) {
        slot = &what;
    }
    bool begin_in(strand& owner) noexcept { return begin(owner.coroutine(), owner); }
    [[nodiscard]] bool sent() const noexcept {
        return what.now_is == twill::detail::outgoing<int>::state::sent;
    }
    twill::detail::outgoing<int> what;
};

template <std::size_t Capacity>
void send_against_receive_and_cancel() {
    event_thread home, far_home;
    strand self(home), far_self(far_home);
    twill::detail::channel_queue<int> queue(Capacity, Capacity);
    int value = 7;
    sending out(queue, value);
    model::thread sender([&] {
        if (out.begin_in(far_self)) far_home.take();
    });
    model::thread canceller([&] {
        self.request_cancel();
        far_self.request_cancel();
    });
    receiving in(queue);
    if (in.begin_in(self)) home.take();
    sender.join();
    canceller.join();
    if (in.value) model::check(*in.value == 7, "what was sent");
    model::check(out.sent() == (in.value.has_value() || queue.size() == 1), "in one place");
    model::check(home.idle() && far_home.idle(), "ready once");
}

void close_against_both() {
    event_thread home, far_home;
    strand self(home), far_self(far_home);
    twill::detail::channel_queue<int> queue(0, 0);
    int value = 7;
    sending out(queue, value);
    model::thread sender([&] {
        if (out.begin_in(far_self)) far_home.take();
    });
    model::thread closer([&] { queue.close(); });
    receiving in(queue);
    if (in.begin_in(self)) home.take();
    sender.join();
    closer.join();
    model::check(!in.cut(), "it was not cancelled");
    model::check(out.sent() == in.value.has_value(), "sent and received, or refused and none");
    model::check(home.idle() && far_home.idle(), "ready once");
}

const scenarios protocol{{narrow, one_of_two_channels},
                         {bounded, select_against_select},
                         {narrow, time_against_value_and_cancel},
                         {bounded, permit_or_value}};
const scenarios in_short{{narrow, one_of_two_channels},
                         {narrow, select_against_select},
                         {narrow, time_against_value_and_cancel},
                         {narrow, permit_or_value}};

TEST(select, chooses_one_of_two_channels) { expect_holds(protocol[0]); }
TEST(select, meets_a_select_at_both_ends_once) { expect_holds(protocol[1]); }
TEST(select, ends_by_time_value_or_cancellation) { expect_holds(protocol[2]); }
TEST(select, takes_a_permit_or_a_value) { expect_holds(protocol[3]); }

TEST(select, needs_each_order) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    EXPECT_EQ(needless_orders(in_short, "choosing"), names{});
}

TEST(select, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(in_short, {{"wait_list::claim_front compare", tear},
                                   {"choosing::queue_all compare", tear},
                                   {"choosing::queue_all compare", omit},
                                   {"choosing::choose compare", tear},
                                   {"choosing_task::both_passed exchange", tear}}),
              names{});
}

TEST(channel, rendezvous_is_given_taken_or_cancelled) {
    expect_holds({bounded, send_against_receive_and_cancel<0>});
}
TEST(channel, buffered_value_is_given_taken_or_cancelled) {
    expect_holds({bounded, send_against_receive_and_cancel<1>});
}
TEST(channel, close_refuses_what_was_not_received) { expect_holds({bounded, close_against_both}); }

}  // namespace
}  // namespace model_test
