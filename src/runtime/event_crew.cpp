#include "event_seat.hpp"
#include "fork_guard.hpp"
#include "reactor_turn.hpp"
#include "signal_mask.hpp"
#include "thread_slice.hpp"

#include <twill/core/event.hpp>
#include <twill/core/frame_memory.hpp>
#include <twill/runtime/detail/event_crew.hpp>

#include <algorithm>
#include <mutex>
#include <utility>

namespace twill::inline TWILL_ABI::detail {
namespace {

// Pieces of work between two looks at timers, reactor and shared work; fewer, where they are long.
constexpr unsigned pieces_of_a_turn = 61;
constexpr duration turn_aim = std::chrono::microseconds(100);
// Taken from the shared queue at a time: few, so that all workers come round at the same pace.
constexpr unsigned batch = 64;
// So many looks in a row must find that the limit is passed; one, if it is zero.
constexpr unsigned looks_until_call = 3;
// A thread that was called leaves when nothing has come for so long.
constexpr duration patience = std::chrono::milliseconds(1);

}  // namespace

struct event_crew::place {
    crew_worker& worker;
    event_seat seat;
    const bool is_host;
    time_point looked{};
};

crew_worker::crew_worker(event_crew& of) noexcept : crew_(of) {
    probe_.limit = of.options_.delay_limit;
}

void crew_worker::note_region() {
    if (crew_.options_.on_region && !crew_.region_noted_.exchange(true, std::memory_order_relaxed))
        crew_.options_.on_region();
}

bool crew_worker::somebody_waits() noexcept {
    return !ring_.empty() || crew_.anything_shared() ||
           crew_.any_due_.load(std::memory_order_relaxed) || crew_.timers_.any_due(now()) ||
           crew_.io_.ready();
}

bool crew_worker::want_relief(std::uint64_t /*turn*/) noexcept {
    crew_.call_one();
    return false;
}

void crew_worker::boarding::execute(runnable& self) noexcept {
    crew_worker& worker = static_cast<boarding&>(self).worker;
    worker.crew_.board(worker);
}

void crew_worker::probe::execute(runnable& self) noexcept {
    auto& one = static_cast<probe&>(self);
    if (now() - one.sent > one.limit) one.was_late.store(true, std::memory_order_relaxed);
    // Release pairs with the acquire of who sends it again.
    one.waits.store(false, std::memory_order_release);
}

event_crew::event_crew(reactor& io, thread_source& threads, event_crew_options options)
    : born_in_(fork_generation()),
      io_(io),
      threads_(threads),
      options_(std::move(options)),
      timers_(now(), options_.timer_coalescing) {
    workers_.reserve(options_.most_threads);
    for (unsigned i = 0; i != options_.most_threads; ++i)
        workers_.push_back(std::make_unique<crew_worker>(*this));
}

event_crew::~event_crew() = default;

bool event_crew::post_here(runnable& work) noexcept {
    event_seat* const seat = seated;
    if (seat == nullptr || seat->home != this) return false;
    seat->hold.note_others();
    auto& self = static_cast<crew_worker&>(seat->worker);
    if (anything_shared() || !self.ring_.push(work)) injected_.push(work);
    return true;
}

void event_crew::inject(runnable& work) noexcept {
    injected_.push(work);
    static_cast<void>(wake_poller());
}

// Whoever sleeps in the reactor must learn of an earlier timer, also when a worker armed it that is
// awake: that one may leave.
bool event_crew::arm(timer& what) noexcept {
    const auto how = timers_.arm(what);
    if (how == timer_wheel::armed::earliest) static_cast<void>(wake_poller());
    return how != timer_wheel::armed::refused;
}

bool event_crew::wake_poller() noexcept { return injected_.wake(io_); }

bool event_crew::wake_host() noexcept {
    if (host_parked_.load(std::memory_order_seq_cst) == 0 ||
        host_parked_.exchange(0, std::memory_order_seq_cst) == 0)
        return false;
    host_parked_.notify_one();
    return true;
}

void event_crew::end() noexcept {
    static_cast<void>(wake_poller());
    static_cast<void>(wake_host());
}

// One at a time is on its way: first who sleeps already, then a further thread.
void event_crew::call_one() noexcept {
    if (over() || called_.exchange(true, std::memory_order_seq_cst)) return;
    if (wake_host() || wake_poller()) return;
    for (std::size_t i = 1; i != workers_.size(); ++i) {
        crew_worker& one = *workers_[i];
        if (one.taken_.load(std::memory_order_relaxed) ||
            one.taken_.exchange(true, std::memory_order_acquire))
            continue;
        further_.fetch_add(1, std::memory_order_seq_cst);
        if (threads_.call(one.boarding_)) {
            calls_.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        one.taken_.store(false, std::memory_order_release);
        further_.fetch_sub(1, std::memory_order_seq_cst);
        break;
    }
    called_.store(false, std::memory_order_seq_cst);
}

void event_crew::drive(const atomic<bool>& done) noexcept {
    done_ = &done;
    signals_of_host_ = signals_blocked_here();
    crew_worker& first = *workers_.front();
    const short_slice soon(options_.short_slice);
    place here{.worker = first, .seat = {first, this, false}, .is_host = true};
    seated = &here.seat;
    first.mount(here.seat);
    work(here);
    first.unmount();
    // Nobody calls any more: a call under way is one of a thread that is counted, or of the ticker,
    // who called before the worker that it looked at was left.
    for (std::size_t i = 1; i != workers_.size(); ++i) {
        crew_worker& one = *workers_[i];
        if (!one.taken_.load(std::memory_order_seq_cst) || !threads_.take_back(one.boarding_))
            continue;
        one.taken_.store(false, std::memory_order_release);
        further_.fetch_sub(1, std::memory_order_seq_cst);
    }
    for (std::uint32_t left = 0; (left = further_.load(std::memory_order_seq_cst)) != 0;)
        further_.wait(left, std::memory_order_seq_cst);
    called_.store(false, std::memory_order_seq_cst);
    // All tasks have ended; probes may be left.
    for (const auto& each : workers_)
        while (runnable* left = each->ring_.pop()) left->run(*left);
    while (take_shared(first))
        while (runnable* left = first.ring_.pop()) left->run(*left);
    seated = nullptr;
}

void event_crew::board(crew_worker& at) noexcept {
    {
        const blocked_signals as_host(signals_of_host_);
        const short_slice soon(options_.short_slice);
        place here{.worker = at, .seat = {at, this, false}, .is_host = false};
        seated = &here.seat;
        at.mount(here.seat);
        work(here);
        at.unmount();
        seated = nullptr;
    }
    // Release pairs with the acquire of who calls for this place again.
    at.taken_.store(false, std::memory_order_release);
    if (further_.fetch_sub(1, std::memory_order_seq_cst) == 1) further_.notify_all();
}

void event_crew::work(place& here) noexcept {
    here.worker.turn_length_ = longest_turn();
    here.worker.late_looks_ = 0;
    here.looked = now();
    here.worker.busy_.begin(here.looked);
    bool arrived = true;
    while (!over()) {
        end_if_forked(born_in_, forked_after::runtime);
        const bool found = find_work(here.worker);
        if (std::exchange(arrived, false)) called_.store(false, std::memory_order_seq_cst);
        if (found) run_ready(here);
        if (over()) break;
        look_round(here);
        if (over()) break;
        if (!here.worker.ring_.empty() || find_work(here.worker)) continue;
        if (!rest(here)) break;
        arrived = true;
    }
    here.worker.busy_.end(now());
}

inline void event_crew::wake_up(crew_worker& self) noexcept {
    if (self.asleep_ && options_.watched) [[unlikely]]
        self.be_watched();
}

void event_crew::run_ready(place& here) noexcept {
    crew_worker& self = here.worker;
    std::uint64_t turn = here.seat.turns;
    const std::uint64_t first = turn;
    here.seat.turns += self.turn_length_;
    for (const std::uint64_t last = turn + self.turn_length_; turn != last && !over();) {
        runnable* const work = self.ring_.pop();
        if (work == nullptr) break;
        wake_up(self);
        if (here.is_host) self.turns_begun_.store(turn + 1, std::memory_order_relaxed);
        here.seat.hold.begin_turn(++turn, turn_budget::first_part,
                                  !self.ring_.empty() || anything_shared());
        work->run(*work);
    }
    if (turn != first) self.tasks_run_.add(turn - first);
}

void event_crew::look_round(place& here) noexcept {
    crew_worker& self = here.worker;
    const time_point at = now();
    const duration took = at - std::exchange(here.looked, at);
    activity_.ran(took);
    if (took > 2 * turn_aim)
        self.turn_length_ = std::max(self.turn_length_ / 2, 1U);
    else if (took < turn_aim / 2)
        self.turn_length_ = std::min(self.turn_length_ * 2, longest_turn());
    fire_timers(here, at);
    if (over() || (self.ring_.empty() && !anything_shared())) return;
    watch_delay(self, at, took);
    if (!polling_.load(std::memory_order_relaxed) &&
        !polling_.exchange(true, std::memory_order_seq_cst)) {
        static_cast<void>(poll(duration::zero()));
        polling_.store(false, std::memory_order_seq_cst);
    }
}

// They may run tasks too: the last branch of a group can be a timer.
void event_crew::fire_timers(place& here, time_point at) noexcept {
    if (timer* const expired = timers_.expire(at)) add_due(*expired);
    while (any_due_.load(std::memory_order_relaxed)) {
        timer* const one = next_due();
        if (one == nullptr) return;
        wake_up(here.worker);
        note_running({});  // no task, until it resumes one
        here.seat.hold.begin_turn(
            ++here.seat.turns, turn_budget::first_part,
            any_due_.load(std::memory_order_relaxed) || !here.worker.ring_.empty());
        one->fire(*one);
    }
}

void event_crew::add_due(timer& first) noexcept {
    timer* last = &first;
    while (last->next != nullptr) last = last->next;
    std::lock_guard hold(firing_);
    (first_due_ != nullptr ? last_due_->next : first_due_) = &first;
    last_due_ = last;
    any_due_.store(true, std::memory_order_relaxed);
}

timer* event_crew::next_due() noexcept {
    std::lock_guard hold(firing_);
    timer* const one = first_due_;
    if (one == nullptr) return nullptr;
    first_due_ = one->next;
    any_due_.store(first_due_ != nullptr, std::memory_order_relaxed);
    return one;
}

// Nothing is to wait at all: after each piece of work it is looked whether anything does.
bool event_crew::is_eager() const noexcept { return options_.delay_limit == duration::zero(); }

unsigned event_crew::longest_turn() const noexcept { return is_eager() ? 1 : pieces_of_a_turn; }

void event_crew::watch_delay(crew_worker& self, time_point at, duration took) noexcept {
    crew_worker::probe& probe = self.probe_;
    bool late = probe.was_late.load(std::memory_order_relaxed);
    if (probe.waits.load(std::memory_order_acquire)) {
        late = late || at - probe.sent > options_.delay_limit;
    } else {
        probe.was_late.store(false, std::memory_order_relaxed);
        probe.sent = at;
        probe.waits.store(true, std::memory_order_relaxed);
        if (anything_shared() || !self.ring_.push(probe)) injected_.push(probe);
    }
    self.late_looks_ = late ? self.late_looks_ + 1 : 0;
    // A single piece that takes so long needs no further look.
    if (self.late_looks_ >= (is_eager() ? 1 : looks_until_call) ||
        (late && took > looks_until_call * turn_aim)) {
        self.late_looks_ = 0;
        call_one();
    }
}

bool event_crew::find_work(crew_worker& self) noexcept {
    if (!self.ring_.empty() || take_shared(self)) return true;
    for (const auto& each : workers_)
        if (each.get() != &self && each->ring_.steal_into(self.ring_) != 0) {
            note(event_kind::steal, &self);
            self.steals_.add();
            return true;
        }
    return false;
}

// The ring is empty.
bool event_crew::take_shared(crew_worker& self) noexcept {
    if (!anything_shared()) return false;
    std::lock_guard hold(sharing_);
    std::size_t count = shared_count_.load(std::memory_order_relaxed);
    if (count < batch && !injected_.seems_empty()) {
        // Counted first: who finds `injected_` empty meanwhile finds that something is here, and
        // does not put its own before it.
        shared_count_.store(count + 1, std::memory_order_relaxed);
        count += injected_.take_all(shared_);
    }
    unsigned taken = 0;
    while (taken != batch) {
        runnable* const one = shared_.pop_front();
        if (one == nullptr) break;
        static_cast<void>(self.ring_.push(*one));
        ++taken;
    }
    shared_count_.store(count - taken, std::memory_order_relaxed);
    return taken != 0;
}

bool event_crew::rest(place& here) noexcept {
    if (!polling_.exchange(true, std::memory_order_seq_cst)) return sleep_in_reactor(here);
    if (!here.is_host) return false;
    fall_asleep(here.worker);
    park_host();
    awake_again(here);
    return true;
}

void event_crew::fall_asleep(crew_worker& self) noexcept {
    tidy_frames();
    self.asleep_ = true;
    self.late_looks_ = 0;
    self.awake_.store(0, std::memory_order_relaxed);
    self.parks_.add();
    self.busy_.end(now());
}

void event_crew::awake_again(place& here) noexcept {
    here.looked = now();
    here.worker.busy_.begin(here.looked);
}

// A thread that was called stays as long as something comes, or the host is stuck in one task.
bool event_crew::sleep_in_reactor(place& here) noexcept {
    fall_asleep(here.worker);
    const crew_worker& host = *workers_.front();
    const std::uint64_t turn_of_host = host.turns_begun_.load(std::memory_order_relaxed);
    bool useless = false;
    injected_.begin_sleep();
    if (!over()) {
        duration limit = duration::zero();
        // With work there already, it is a look: what comes by the reactor must not wait for a
        // moment in which nothing comes from elsewhere.
        if (!injected_.any()) {
            const time_point next = timers_.next();
            limit = next == never ? duration::max() : std::max(next - now(), limit);
            if (!here.is_host && limit > patience) {
                limit = patience;
                useless = true;
            }
        }
        if (poll(limit) != 0) useless = false;
    }
    const bool unwoken = injected_.end_sleep();
    useless = useless && unwoken &&
              (host_parked_.load(std::memory_order_relaxed) != 0 ||
               host.turns_begun_.load(std::memory_order_relaxed) != turn_of_host);
    polling_.store(false, std::memory_order_seq_cst);
    if (useless) {
        static_cast<void>(wake_host());
        return false;
    }
    awake_again(here);
    return true;
}

void event_crew::park_host() noexcept {
    host_parked_.store(1, std::memory_order_seq_cst);
    if (polling_.load(std::memory_order_seq_cst) && !over()) {
        note(event_kind::park, this);
        // Acquire: for what the waker did before.
        host_parked_.wait(1, std::memory_order_acquire);
        note(event_kind::unpark, this);
    } else {
        host_parked_.store(0, std::memory_order_seq_cst);
    }
}

std::size_t event_crew::poll(duration limit) noexcept {
    return turn_at_reactor(io_, activity_, this, limit);
}

}  // namespace twill::inline TWILL_ABI::detail
