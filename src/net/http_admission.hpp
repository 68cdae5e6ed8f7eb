// Who may begin when there are more requests than a server can answer: at most so many handlers run
// at a time, the others wait, and who cannot be answered in time is told so at once.
//
// The rule is that of CoDel as Facebook put it for servers (B. Maurer, "Fail at Scale", ACM Queue
// 13(8), 2015). A burst is no overload: as long as the queue runs empty now and then, a request may
// wait for `interval`, and the first comes first. A queue that has not been empty for that long
// only makes everybody wait: from then on a request may wait for `target`, and the *newest* comes
// first, because its client is the surest to be there still; the older ones are refused. So those
// who are admitted are answered as quickly as without overload, and the work done for those who
// are not is small.
//
// There, an empty queue ends the overload. But refusing is what empties it: so it would be taken
// for a burst again at once, and at twice the load half of the requests waited for up to the
// interval (in the simulation of the test: 26 ms instead of 5). Here it ends when nobody had to be
// refused for an interval.
//
// A place that becomes free goes to somebody who waits, if anybody does, before too old ones are
// refused: places do not stay empty at the price of refusals.
//
// No clock and no waiting in here: times are given by the caller, and who waits does so for the
// event in his entry.
#pragma once

#include <twill/async/manual_reset_event.hpp>
#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/time.hpp>
#include <twill/net/http_server.hpp>

#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

// A request's entry. It stays where it is until `leave` or `withdraw`.
struct http_applicant {
    enum class state : std::uint8_t { none, waiting, admitted, refused };

    time_point came{};
    state is = state::none;
    manual_reset_event decided{};  // set once it is neither `none` nor `waiting`
    http_applicant* older = nullptr;
    http_applicant* newer = nullptr;
};

// Thread-safe. Entries change under the lock; whoever has waited for an entry's event calls `leave`
// or `withdraw`, which take the lock, before the entry goes.
class http_admission {
public:
    http_admission(const http::overload_options& options, std::size_t most) noexcept
        : target_(options.target), interval_(options.interval), most_(most) {}
    http_admission(const http_admission&) = delete;
    http_admission& operator=(const http_admission&) = delete;

    // A request has come. True: it may begin. False: it waits, at most until `patience`.
    bool arrive(http_applicant& who, time_point now) noexcept;
    // Until when somebody who has come at `came` may wait in any case.
    [[nodiscard]] time_point patience(time_point came) const noexcept {
        return after(came, interval_);
    }
    // One that was admitted has ended.
    void leave(http_applicant& who, time_point now) noexcept;
    // One that waits does so no longer. True: it was admitted meanwhile, and counts until `leave`.
    // False: it is out; `refused` says whether that is to be counted.
    bool withdraw(http_applicant& who, bool refused, time_point now) noexcept;

    [[nodiscard]] http::load_figures figures() const noexcept;

private:
    void look(time_point now) noexcept;
    void take_out(http_applicant& who, time_point now) noexcept;
    void count_refused(time_point now) noexcept;
    void decide(http_applicant& who, http_applicant::state how, time_point now) noexcept;
    void refuse_old(time_point now) noexcept;
    void admit(time_point now) noexcept;

    const duration target_;
    const duration interval_;
    const std::size_t most_;

    mutable futex_mutex lock_;  // guards all that follows
    http_applicant* oldest_ = nullptr;
    http_applicant* newest_ = nullptr;
    time_point last_empty_{};    // when nobody waited
    time_point last_refused_{};  // when somebody was refused
    bool overloaded_ = false;
    std::size_t running_ = 0;
    std::size_t waiting_ = 0;
    std::uint64_t admitted_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace twill::inline TWILL_ABI::detail
