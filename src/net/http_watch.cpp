#include "http_watch.hpp"

#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/core/when_all.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <mutex>
#include <string_view>
#include <utility>

namespace twill::inline TWILL_ABI::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t in_ns(duration length) noexcept {
    return std::chrono::nanoseconds(length).count();
}
std::int64_t in_ns(time_point when) noexcept { return in_ns(when.time_since_epoch()); }

// Most handlers are quicker: their clients are not looked at.
constexpr std::int64_t first_look = in_ns(250ms);
// When the kernel has no room to watch one.
constexpr std::int64_t next_try = in_ns(1s);

// Times that lie near each other are looked at in one go.
constexpr std::int64_t most_slack = in_ns(50ms);

}  // namespace

// Said before it is so: a look that sees it knows who has done it.
void http_watched::shut_input() noexcept {
    input_is_shut_.store(true, std::memory_order_seq_cst);
    ::shutdown(descriptor(), SHUT_RD);
}

http_departure::http_departure(http_watch& watch, http_watched& who) noexcept
    : watch_(watch), who_(who) {
    {
        const std::lock_guard hold(watch_.lock_);
        next_ = std::exchange(who_.waiting_, this);
        if (who_.client_gone()) gone_.set();
    }
    watch_.look_now(who_);
}

http_departure::~http_departure() {
    const std::lock_guard hold(watch_.lock_);
    auto** place = &who_.waiting_;
    while (*place != this) place = &(*place)->next_;
    *place = next_;
}

void http_watch::enter(http_watched& who, context& strand) noexcept {
    const std::lock_guard hold(lock_);
    who.strand_ = &strand;
    who.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &who;
    first_ = &who;
    count_.fetch_add(1, std::memory_order_relaxed);
}

void http_watch::leave(http_watched& who) noexcept {
    const std::lock_guard hold(lock_);
    if (who.known_) departures_.forget(who.descriptor());
    (who.previous_ != nullptr ? who.previous_->next_ : first_) = who.next_;
    if (who.next_ != nullptr) who.next_->previous_ = who.previous_;
    count_.fetch_sub(1, std::memory_order_relaxed);
}

void http_watch::wake_before(std::int64_t when) noexcept {
    if (when < next_.load(std::memory_order_seq_cst)) earlier_.set();
}

void http_watch::set_due(http_watched& who, time_point when) noexcept {
    const std::int64_t wanted = in_ns(when);
    std::int64_t before = who.due_.load(std::memory_order_relaxed);
    // Only `expire` may come between.
    if (before == http_watched::expired_now ||
        !who.due_.compare_exchange_strong(before, wanted, std::memory_order_seq_cst))
        return;
    wake_before(wanted);
}

void http_watch::set_handling(http_watched& who, time_point since) noexcept {
    const std::int64_t when = in_ns(since) + first_look;
    who.look_.store(when, std::memory_order_seq_cst);
    wake_before(when);
}

void http_watch::look_now(http_watched& who) noexcept { set_handling(who, now() - 250ms); }

// True: `who` is cancelled now, because of the time `seen`.
bool http_watch::expire(http_watched& who, std::int64_t seen) noexcept {
    if (!who.due_.compare_exchange_strong(seen, http_watched::expired_now,
                                          std::memory_order_seq_cst))
        return false;
    who.strand_->request_cancel();
    return true;
}

void http_watch::end_asking(http_watched& who) noexcept {
    if (who.ask_.load(std::memory_order_relaxed) == http_watched::asking::no) return;
    if (who.ask_.exchange(http_watched::asking::no, std::memory_order_acq_rel) ==
        http_watched::asking::now) {
        const std::lock_guard until_asked(lock_);
    }
}

// With the lock, as all up to `look_at_all`.
void http_watch::ask(http_watched& who) noexcept {
    using asking = http_watched::asking;
    auto leave = asking::allowed;
    if (!who.ask_.compare_exchange_strong(leave, asking::now, std::memory_order_acq_rel)) return;
    constexpr std::string_view question = "HTTP/1.1 100 Continue\r\n\r\n";
    // A socket that nothing was sent to has room for all of it.
    static_cast<void>(
        ::send(who.descriptor(), question.data(), question.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
    // Unless the connection has taken it away, and waits for the lock.
    auto asked = asking::now;
    who.ask_.compare_exchange_strong(asked, asking::no, std::memory_order_acq_rel);
}

bool http_watch::has_gone(http_watched& who, std::uint32_t events) noexcept {
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) return true;
    // It has closed its sending half; or this side has its receiving half, which looks the same.
    if (who.half_is_gone_.load(std::memory_order_relaxed) &&
        !who.input_is_shut_.load(std::memory_order_seq_cst))
        return true;
    ask(who);
    return false;
}

void http_watch::tell_gone(http_watched& who) noexcept {
    who.gone_.store(true, std::memory_order_release);
    for (auto* each = who.waiting_; each != nullptr; each = each->next_) each->gone_.set();
    if (who.outlives_.load(std::memory_order_relaxed)) return;
    // Again if it has got another time meanwhile.
    while (who.look_.load(std::memory_order_relaxed) == http_watched::told) {
        const std::int64_t due = who.due_.load(std::memory_order_relaxed);
        if (due == http_watched::expired_now || expire(who, due)) return;
    }
    who.gone_.store(false, std::memory_order_release);
}

void http_watch::client_changed(http_watched& who, std::uint32_t events) noexcept {
    // Otherwise that handler has ended; during the next one it is looked at again.
    if (who.look_.load(std::memory_order_relaxed) != http_watched::told) return;
    if (has_gone(who, events))
        tell_gone(who);
    else
        static_cast<void>(departures_.watch(who.descriptor(), &who, {false, true}));
}

void http_watch::see_departures() noexcept {
    for (auto events = departures_.take(); !events.empty(); events = departures_.take())
        for (const epoll_event& each : events)
            client_changed(*static_cast<http_watched*>(each.data.ptr), each.events);
}

void http_watch::look_for_client(http_watched& who, std::int64_t now) noexcept {
    std::int64_t seen = who.look_.load(std::memory_order_relaxed);
    if (seen > now) return;  // that handler has ended meanwhile
    const int fd = who.descriptor();
    const bool is_watched = fd >= 0 && departures_.watch(fd, &who, {true, who.known_});
    who.known_ = who.known_ || is_watched;
    // What has no descriptor cannot be looked at.
    const std::int64_t next = is_watched || fd < 0 ? http_watched::told : now + next_try;
    who.look_.compare_exchange_strong(seen, next, std::memory_order_relaxed);
}

// Gives when the next one is due.
std::int64_t http_watch::look_at_all(std::int64_t now) noexcept {
    std::int64_t earliest = http_watched::most;
    const std::lock_guard hold(lock_);
    for (http_watched* each = first_; each != nullptr; each = each->next_) {
        if (each->look_.load(std::memory_order_seq_cst) <= now) look_for_client(*each, now);
        for (;;) {
            const std::int64_t due = each->due_.load(std::memory_order_seq_cst);
            if (due == http_watched::expired_now) break;
            const std::int64_t ends = std::min(due, last_);
            if (ends > now) {
                const std::int64_t look = each->look_.load(std::memory_order_seq_cst);
                earliest =
                    std::min(earliest, look < http_watched::told ? std::min(ends, look) : ends);
                break;
            }
            if (expire(*each, due)) break;
        }
    }
    return earliest;
}

// Requests come in crowds: whoever woke it is followed by others, each of which is to be looked at
// after `first_look`. It looks again by itself then, and is not woken by each of them.
task<> http_watch::watch_times() {
    for (bool woken = false;;) {
        next_.store(http_watched::most, std::memory_order_seq_cst);
        const std::int64_t began = in_ns(now());
        const std::int64_t soonest = woken ? began + first_look : http_watched::most;
        const std::int64_t earliest = std::min(look_at_all(began), soonest);
        next_.store(earliest, std::memory_order_seq_cst);
        if (earliest == http_watched::most) {
            co_await earlier_.wait();
            woken = true;
            continue;
        }
        const std::int64_t slack = std::min(most_slack, (earliest - began) / 64);
        const time_point until{duration(earliest + slack)};
        try {
            co_await with_deadline(until, earlier_.wait());
            woken = true;
        } catch (const timed_out&) {
            // It is time to look.
            woken = false;
        }
    }
}

task<> http_watch::watch_clients() {
    for (;;) {
        try {
            for (;;) {
                co_await departures_.wait();
                const std::lock_guard hold(lock_);
                see_departures();
            }
        } catch (const io_error&) {
            // There is no room for the set, beside the other descriptors.
        }
        co_await sleep(1s);
    }
}

task<> http_watch::run() { co_await when_all(watch_times(), watch_clients()); }

bool http_watch::expire_idlest(duration least, duration idle_limit) noexcept {
    // One that is idle is due `idle_limit` after it became so.
    std::int64_t first = in_ns(after(now(), idle_limit - least));
    const std::lock_guard hold(lock_);
    http_watched* found = nullptr;
    for (http_watched* each = first_; each != nullptr; each = each->next_) {
        const std::int64_t due = each->due_.load(std::memory_order_seq_cst);
        if (due == http_watched::expired_now || due > first ||
            !each->idle_.load(std::memory_order_seq_cst))
            continue;
        first = due;
        found = each;
    }
    return found != nullptr && expire(*found, first);
}

void http_watch::drain(time_point last) noexcept {
    {
        const std::lock_guard hold(lock_);
        last_ = in_ns(last);
        for (http_watched* each = first_; each != nullptr; each = each->next_) {
            // What has come already is still read, and then the end; so no request is lost that
            // was on its way into the program.
            if (!each->idle_.load(std::memory_order_seq_cst)) continue;
            if (each->is_fresh()) {
                std::int64_t due = each->due_.load(std::memory_order_seq_cst);
                const std::int64_t soon = in_ns(after(now(), fresh_limit));
                // A due time of another phase stays, and so does one that is up.
                if (due > soon)
                    each->due_.compare_exchange_strong(due, soon, std::memory_order_seq_cst);
            } else if (each->descriptor() >= 0)
                each->shut_input();
            else
                expire(*each, each->due_.load(std::memory_order_seq_cst));
        }
    }
    earlier_.set();
}

}  // namespace twill::inline TWILL_ABI::detail
