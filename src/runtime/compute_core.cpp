#include "compute_core.hpp"
#include "signal_mask.hpp"
#include "thread_slice.hpp"
#include "timer_slack.hpp"

#include <twill/core/error.hpp>
#include <twill/core/event.hpp>

#include <pthread.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {
namespace {

constexpr unsigned ticks_before_slow = 8;

void be_a_compute_thread(const char* name, unsigned number) noexcept {
    // Linux keeps 15 bytes; the number is what tells the threads apart.
    const std::string digits = "-" + std::to_string(number);
    const std::string text = std::string(name).substr(0, 15 - digits.size()) + digits;
    ::pthread_setname_np(::pthread_self(), text.c_str());
    static_cast<void>(return_inherited_slice());
    return_inherited_slack();
    note(event_kind::thread_start, nullptr, name, number);
}

// Who rests below the quota looks at it, also where the number of threads is given.
cpu_source* source_of(const compute_pool_options& options) noexcept {
    const bool rests = options.lanes != lanes::none && options.gives_way_to != nullptr;
    if (options.workers != 0 && !rests) return nullptr;
    return options.cpus != nullptr ? options.cpus : &cpu_source::kernel();
}

}  // namespace

compute_core::compute_core(compute_pool& pool, const compute_pool_options& options,
                           const char* threads)
    : pool_(pool),
      number_is_given_(options.workers != 0),
      cpus_(source_of(options)),
      workers_(cpus_ != nullptr ? std::max(1U, cpus_->usable(0)) : options.workers),
      max_threads_(options.max_threads),
      patience_(options.patience),
      io_(options.lanes == lanes::none ? nullptr : options.gives_way_to),
      weight_(options.lanes),
      thread_name_(threads),
      starved_after_(options.starved_after),
      watch_(options.watch != nullptr ? *options.watch : thread_watch::kernel()),
      report_(options.report),
      low_wanted_(options.lanes.lower_weight()),
      weight_rule_(options.starved_after),
      // The number was asked for just now.
      next_cpu_look_(cpus_ != nullptr ? after(now(), cpus_->good_for()) : never) {
    watch_for_fork();
    if (number_is_given_) workers_.store(options.workers, std::memory_order_relaxed);
    if (cpus_ != nullptr) follow_quota();
    look_whether_profile_is_wanted();
    ticker::process().enrol(*this);
    if (weight_.lower_weight()) ticker::process().prepare();
}

// 1. No more ticks: they could start threads. 2. Idle threads are told to end, the others see it
// when they become idle. 3. All are joined. 4. Nobody is left who could touch a worker.
// In a forked child there is nobody to join, the lock may be held for ever by a thread of the
// parent, and the ticker has forgotten the pool: its workers are left where they are.
compute_core::~compute_core() {
    if (fork_generation() != born_in_) return;
    ticker::process().leave(*this);
    {
        std::lock_guard hold(lock_);
        assert(queued_.load(std::memory_order_relaxed) == 0 &&
               "a compute_pool outlives its regions");
        stopping_ = true;
        for (compute_worker* w = last_idle_; w != nullptr; w = w->idle_before_) w->parker_.unpark();
    }
    compute_worker* worker = first_worker_.load(std::memory_order_acquire);
    for (compute_worker* w = worker; w != nullptr; w = w->next_)
        if (w->thread_.joinable()) w->thread_.join();
    while (worker != nullptr) delete std::exchange(worker, worker->next_);
}

void compute_core::add_to(compute_pool::statistics& sum, time_point at) const noexcept {
    for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr; w = w->next_) {
        sum.regions += w->regions_.read();
        sum.promotions += w->promotions_.read();
        sum.steals += w->steals_.read();
        sum.parks += w->parks_.read();
        sum.busy += w->busy_.read(at);
    }
}

// ---- work from outside

void compute_core::submit(region& work) {
    end_if_forked();
    compute_worker* woken = nullptr;
    {
        std::lock_guard hold(lock_);
        assert(!stopping_);
        if (!call_up(help_for::region, true, woken) && threads() == 0)
            throw io_error("start", "a thread of the compute pool", EAGAIN);
        enqueue(work);
        count_active(work.urgency_, +1);
    }
    if (woken != nullptr)
        woken->parker_.unpark();
    else
        hurry_queue();
}

void compute_core::stop(region& work) noexcept {
    end_if_forked();
    {
        std::lock_guard hold(lock_);
        if (!work.queued_) {
            for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr;
                 w = w->next_)
                w->poke();
            return;
        }
        unqueue(work);
    }
    finish(work);
}

void compute_core::enqueue(region& work) noexcept {
    work.queued_ = true;
    auto& [first, last] = queues_[static_cast<std::size_t>(work.urgency_)];
    work.before_ = last;
    work.behind_ = nullptr;
    (last != nullptr ? last->behind_ : first) = &work;
    last = &work;
    work.core_.store(this, std::memory_order_release);
    queued_.store(queued_.load(std::memory_order_relaxed) + 1, std::memory_order_seq_cst);
}

void compute_core::unqueue(region& work) noexcept {
    work.queued_ = false;
    auto& [first, last] = queues_[static_cast<std::size_t>(work.urgency_)];
    (work.before_ != nullptr ? work.before_->behind_ : first) = work.behind_;
    (work.behind_ != nullptr ? work.behind_->before_ : last) = work.before_;
    served_.store(served_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    queued_.store(queued_.load(std::memory_order_relaxed) - 1, std::memory_order_seq_cst);
}

region* compute_core::next_region(compute_worker& self) noexcept {
    if (queued_.load(std::memory_order_seq_cst) == 0) return nullptr;
    std::lock_guard hold(lock_);
    // Who was called for a region takes one even if the thread whose core it was given has come
    // back meanwhile.
    const bool welcome =
        has_come(self) || (running_.load(std::memory_order_relaxed) <= cores() && fits(self));
    region* const work = first_in_queue();
    if (work == nullptr || !welcome) return nullptr;
    unqueue(*work);
    return work;
}

region* compute_core::first_in_queue() const noexcept {
    for (std::size_t i = priorities; i-- != 0;)
        if (queues_[i].first != nullptr) return queues_[i].first;
    return nullptr;
}

void compute_core::run(compute_worker& self, region& work) noexcept {
    if (!work.stop_requested()) {
        work.started_ = true;
        const bool named = *work.name_ != 0;
        const char* const label = named ? work.name_ : work.file_;
        const std::uint32_t line = named ? 0 : work.line_;
        note(event_kind::region_begin, &work, label, line);
        self.urgency_.store(work.urgency_, std::memory_order_relaxed);
        self.regions_.add();
        self.run(work, work.execute_, {work.name_, work.file_, work.line_, nullptr});
        note(event_kind::region_end, &work, label, line);
    }
    finish(work);
    self.may_look_ = longest_look;
}

// ---- threads

void compute_core::thread_main(compute_worker& self) noexcept {
    be_a_compute_thread(thread_name_, self.number_);
    take_weight(self);
    bound = {&self, &self};
    self.go_on_on_core();
    for (;;) {
        if (self.written_off_.load(std::memory_order_relaxed)) [[unlikely]]
            come_back(self);
        if (report_due_.load(std::memory_order_relaxed)) [[unlikely]]
            report_starvation();
        if (region* const work = next_region(self)) {
            run(self, *work);
        } else if (fork_job* const job = steal(self)) {
            self.urgency_.store(static_cast<priority>(job->shared.urgency),
                                std::memory_order_relaxed);
            self.run(*job);
        } else if (!idle(self)) {
            break;
        }
    }
    self.pause_on_core();
}

unsigned compute_core::max_threads() const noexcept {
    return max_threads_ != 0 ? max_threads_ : 4 * workers() + 16;
}

compute_worker* compute_core::start_thread() noexcept {
    if (stopping_ || threads() >= max_threads()) return nullptr;
    compute_worker* const worker = spare_worker_ != nullptr ? spare_worker_ : make_worker(false);
    if (worker == nullptr) return nullptr;
    spare_worker_ = worker;
    worker->low_ = low_wanted_.load(std::memory_order_relaxed);
    worker->io_ = worker->low_ ? nullptr : io_;
    try {
        // Before it could block signals itself, it would run the handler of one.
        const blocked_signals inherited(signals_of_the_program());
        // Under the lock, so that the destructor finds every thread that was started.
        worker->thread_ = system_thread(&compute_core::thread_main, this, std::ref(*worker));
    } catch (const std::system_error&) {
        return nullptr;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
    spare_worker_ = nullptr;
    threads_.store(threads() + 1, std::memory_order_relaxed);
    take_core(*worker);
    return worker;
}

compute_worker* compute_core::make_worker(bool guest) noexcept {
    auto* const worker = new (std::nothrow) compute_worker(*this, made_, guest);
    if (worker == nullptr) return nullptr;
    ++made_;
    worker->next_ = first_worker_.load(std::memory_order_relaxed);
    first_worker_.store(worker, std::memory_order_release);
    return worker;
}

compute_worker& compute_core::admit_guest() {
    end_if_forked();
    std::lock_guard hold(lock_);
    compute_worker* guest = free_guest_;
    if (guest != nullptr)
        free_guest_ = guest->next_free_guest_;
    else
        guest = make_worker(true);
    if (guest == nullptr) throw std::bad_alloc();
    guests_.fetch_add(1, std::memory_order_relaxed);
    return *guest;
}

void compute_core::part_from_guest(compute_worker& guest) noexcept {
    if (fork_generation() != born_in_) return;  // as in the destructor
    std::lock_guard hold(lock_);
    assert((guest.activity_.load(std::memory_order_relaxed) & 1) == 0);
    guest.next_free_guest_ = free_guest_;
    free_guest_ = &guest;
    guests_.fetch_sub(1, std::memory_order_relaxed);
}

unsigned compute_core::guests_on_core() const noexcept {
    if (guests_.load(std::memory_order_relaxed) == 0) return 0;
    unsigned count = 0;
    for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr; w = w->next_)
        if (w->guest_ && (w->activity_.load(std::memory_order_relaxed) & 1) != 0) ++count;
    return count;
}

// ---- the beat

// What has been on offer for a whole beat was offered by somebody who reaches no beat of its own,
// or at a time when nobody could be woken: the ticker calls somebody for it.
pulse compute_core::tick() noexcept {
    bool working = false;
    bool fruitful = false;
    bool outdone = false;  // somebody computes beside more urgent work
    unsigned stale = 0;
    for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr; w = w->next_) {
        // Seq_cst: the ticker's second look before it rests. See ticker::state_.
        const std::uint32_t activity = w->activity_.load(std::memory_order_seq_cst);
        const compute_offer::word offer = w->offer_.look();
        const bool on_core = (activity & 1) != 0;
        // What a plain thread began since the last tick has nothing to give that is worth a
        // promotion: if it makes many small parallel calls, it would never be left in peace.
        if (on_core && (!w->guest_ || activity == w->seen_activity_)) w->poke();
        if (on_core || activity != w->seen_activity_) working = true;
        if (on_core && w->urgency() < most_urgent()) outdone = true;
        if (offer != w->seen_offer_) fruitful = true;
        if (compute_offer::full(offer) && offer == w->seen_offer_) ++stale;
        w->seen_activity_ = activity;
        w->seen_offer_ = offer;
    }
    for (; stale != 0 && wake_one(help_for::job, true); --stale) working = fruitful = true;
    if (start_wanted_.exchange(0, std::memory_order_seq_cst) != 0 &&
        wake_one(help_for::region, true))
        working = true;
    if (tick_priorities()) working = true;
    if (weight_.lower_weight()) watch_weights(now());
    if (cpus_ != nullptr) follow_cpus(now());
    if (!working) {
        vain_ticks_ = 0;
        return pulse::none;
    }
    // Ticks look for work for free cores. With none free, whoever becomes idle asks for work itself
    // (`ask_for_work`); and where the last ticks found nothing to give, the next ones seldom will.
    if (on_core(help_for::job) >= cores()) {
        // Who came back from aside, beyond the cores, is to step aside again soon.
        return outdone && running_.load(std::memory_order_relaxed) > cores() ? pulse::fast
                                                                             : pulse::slow;
    }
    vain_ticks_ = fruitful ? 0 : vain_ticks_ + 1;
    return vain_ticks_ < ticks_before_slow ? pulse::fast : pulse::slow;
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
