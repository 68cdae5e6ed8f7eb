#include "debug_layout.hpp"
#include "dump_signal.hpp"
#include "event_watch.hpp"
#include "fork_guard.hpp"
#include "task_tree.hpp"
#include "throttle_watch.hpp"

#include <twill/core/error.hpp>
#include <twill/core/event.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/reactor/make_reactor.hpp>
#include <twill/runtime/blocking_pool.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/detail/event_crew.hpp>
#include <twill/runtime/detail/event_worker.hpp>
#include <twill/runtime/runtime.hpp>
#include <twill/trace/file.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace {

// Each is held by a task that does not come back.
constexpr unsigned most_substitutes = 256;

void to_standard_error(std::string_view text) {
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
}

runtime_options completed(runtime_options options) {
    if (options.blocking_threads == 0)
        throw usage_error("runtime_options.blocking_threads is 0: the pool needs a thread or more");
    if (options.watchdog_limit < std::chrono::microseconds(100))
        throw usage_error("runtime_options.watchdog_limit is below 0.1 ms: give it at least that");
    if (options.event_threads == 0) options.event_threads = usable_cpus();
    if (options.event_threads > 1 && options.watchdog == watchdog::hand_over)
        throw usage_error(
            "runtime_options.event_threads is above 1 and watchdog is hand_over: with several "
            "event "
            "threads others go on beside a stuck task anyway; use watchdog::report");
    if (!options.report) options.report = to_standard_error;
    return options;
}

// Further event threads are those that would take the worker over.
class called_threads final : public detail::thread_source {
public:
    explicit called_threads(blocking_pool& pool) noexcept : pool_(pool) {}
    bool call(runnable& work) noexcept override { return !pool_.try_submit(work); }
    bool take_back(runnable& work) noexcept override { return pool_.try_remove(work); }

private:
    blocking_pool& pool_;
};

}  // namespace

// The order matters for the end: the pools' threads post to the worker and through it to the
// reactor, so they are joined first; the trace is written when nothing can add to it any more.
struct runtime::parts {
    explicit parts(runtime_options given)
        : options(completed(std::move(given))),
          trace(options.trace_file.empty()
                    ? nullptr
                    : std::make_unique<trace::file_trace>(options.trace_file)),
          io(make_reactor(options.reactor)),
          further_threads(substitutes),
          substitutes({.max_threads = std::max(most_substitutes, options.event_threads),
                       .thread_name = "twill-event"}),
          blocking({.max_threads = options.blocking_threads}),
          compute({.workers = options.compute_threads,
                   .lanes = options.lanes,
                   .gives_way_to = &make_event_pool(),
                   .report = [this](std::string_view text) {
                       report([text] { return text; }, text);
                   }}) {
        if (crew) {
            for (const auto& each : crew->workers()) watch_worker(*each);
        } else if (options.watchdog != watchdog::off) {
            watch_worker(*worker);
        }
        if (options.dump_signal != 0)
            on_signal.emplace(options.dump_signal, [this] { request_dump(); });
        // Last: what it calls for must not go again because something later threw.
        throttling.emplace(blocking, detail::throttle_watch_options{.report = [this](auto text) {
                               report([text] { return text; },
                                      "twill: the CPU quota was used up\n");
                           }});
    }
    // The blocking pool may have a report of theirs to say still.
    ~parts() {
        while (outsiders.load(std::memory_order_acquire) != 0) std::this_thread::yield();
        on_signal.reset();
        for (const auto& each : watches) each->end();
        throttling->end();
    }
    parts(const parts&) = delete;
    parts& operator=(const parts&) = delete;

    runtime_options options;
    detail::never_back event_busy;  // as told by stats
    std::unique_ptr<trace::file_trace> trace;
    atomic<unsigned> outsiders{0};  // threads that are handing work over
    futex_mutex reporting;          // one report at a time
    // The thread that makes one, which nobody else takes itself for. Written under the lock.
    atomic<pid_t> reporter{0};
    std::shared_ptr<reactor> io;
    called_threads further_threads;
    // One of the two: the crew if there may be several event threads.
    std::optional<detail::event_worker> worker;
    std::optional<detail::event_crew> crew;
    // Before the blocking pool, which says what they report to its end.
    std::vector<std::unique_ptr<detail::event_watch>> watches;
    std::optional<detail::throttle_watch> throttling;
    blocking_pool substitutes;  // threads that take the worker over, or join the crew
    blocking_pool blocking;
    compute_pool compute;

    // Reports once when a stop takes too long.
    struct shutdown_timer final : timer {
        explicit shutdown_timer(const runtime& whose) noexcept
            : timer(&shutdown_timer::expired), owner(whose) {}
        static void expired(timer& self) noexcept;
        const runtime& owner;
    };

    // Reports all tasks; on an event thread.
    struct dump_request final : runnable {
        explicit dump_request(parts& whose) noexcept
            : runnable(&dump_request::execute), owner(whose) {}
        static void execute(runnable& self) noexcept;
        parts& owner;
        atomic<bool> queued{false};
    };
    dump_request asked{*this};
    // Its thread posts the request above.
    std::optional<detail::dump_signal> on_signal;

    detail::io_activity& make_event_pool();
    void watch_worker(detail::watched_worker& one);
    void post(runnable& work) noexcept {
        if (crew ? crew->post_here(work) : worker->post_here(work)) return;
        // What is handed over may end the run, and its thread then the runtime, before this one has
        // looked whether somebody sleeps. Whoever sees the work sees this addition, too; the
        // release pairs with the acquire of who ends the runtime.
        outsiders.fetch_add(1, std::memory_order_relaxed);
        crew ? crew->inject(work) : worker->inject(work);
        outsiders.fetch_sub(1, std::memory_order_release);
    }
    bool arm(timer& what) noexcept { return crew ? crew->arm(what) : worker->arm(what); }
    bool disarm(timer& what) noexcept { return crew ? crew->disarm(what) : worker->disarm(what); }

    // Never throws: a report that cannot be made (no memory, a function that throws) must not end
    // the program that it reports on; `short_form` then goes to standard error.
    template <class Text>
    void report(const Text& text, std::string_view short_form) noexcept;
    void report_region() noexcept;
    void request_dump() noexcept;
    bool report_stall() noexcept;
    // Whether some tasks wait, and all that do for one another.
    [[nodiscard]] bool is_stalled() noexcept;
    // A line for each task, or for each that waits for nothing.
    [[nodiscard]] std::string tasks(bool also_waiting);

    futex_mutex lock;  // guards the three below
    bool taken = false;
    branch* running = nullptr;
    shutdown_timer* shutdown = nullptr;  // set while a run is under way and no stop was asked for
};

detail::io_activity& runtime::parts::make_event_pool() {
    if (options.event_threads > 1)
        return crew
            .emplace(*io, further_threads,
                     detail::event_crew_options{.most_threads = options.event_threads,
                                                .delay_limit = options.event_delay,
                                                .on_region = [this] { report_region(); },
                                                .short_slice = options.lanes != lanes::none,
                                                .watched = true,
                                                .timer_coalescing = options.timer_coalescing})
            .activity();
    return worker
        .emplace(*io,
                 detail::event_worker_options{
                     .on_region = [this] { report_region(); },
                     .watch_limit = options.watchdog == watchdog::off ? duration::zero()
                                                                      : options.watchdog_limit,
                     .can_be_taken = options.watchdog == watchdog::hand_over,
                     .stall_limit = options.stall_limit,
                     .on_stall = options.stall_limit > duration::zero()
                                     ? std::function<bool()>([this] { return report_stall(); })
                                     : nullptr,
                     .timer_coalescing = options.timer_coalescing,
                     .short_slice = options.lanes != lanes::none})
        .activity();
}

void runtime::parts::watch_worker(detail::watched_worker& one) {
    detail::event_watch_options how{
        .limit = options.watchdog_limit,
        .substitutes = options.watchdog == watchdog::hand_over ? &substitutes : nullptr,
        .report = {}};
    if (options.watchdog != watchdog::off)
        how.report = [this](std::string_view text) {
            report([text] { return text; }, "twill: a task holds an event thread\n");
        };
    watches.push_back(std::make_unique<detail::event_watch>(one, blocking, std::move(how)));
}

runtime::runtime(runtime_options options) : parts_(std::make_unique<parts>(std::move(options))) {
    detail::watch_for_fork();
}

runtime::~runtime() = default;

runtime::turn::turn(runtime& in) : in_(in) {
    if (detail::event_worker::on_this_thread())
        throw usage_error(
            "run a runtime inside a running one: this thread already runs tasks; co_await the "
            "task, "
            "spawn it into a scope, or call run on another thread");
    std::lock_guard hold(in.parts_->lock);
    if (std::exchange(in.parts_->taken, true))
        throw usage_error(
            "run a runtime that is running on another thread: make a second runtime, or wait");
}

runtime::turn::~turn() {
    std::lock_guard hold(in_.parts_->lock);
    in_.parts_->taken = false;
}

void runtime::drive(branch& main, runnable& first, const atomic<bool>& done) noexcept {
    parts::shutdown_timer report(*this);
    const detail::debug_run shown(main);
    {
        std::lock_guard hold(parts_->lock);
        parts_->running = &main;
        parts_->shutdown = &report;
    }
    parts_->post(first);
    if (parts_->crew)
        parts_->crew->drive(done);
    else
        parts_->worker->drive(done);
    bool stopping = false;
    {
        std::lock_guard hold(parts_->lock);
        parts_->running = nullptr;
        stopping = std::exchange(parts_->shutdown, nullptr) == nullptr;
    }
    if (stopping) parts_->disarm(report);
}

void runtime::stop() noexcept {
    std::lock_guard hold(parts_->lock);
    if (parts_->running == nullptr || parts_->shutdown == nullptr) return;
    auto& report = *std::exchange(parts_->shutdown, nullptr);
    report.deadline = after(now(), parts_->options.shutdown_limit);
    parts_->arm(report);
    parts_->running->request_cancel();
}

template <class Text>
void runtime::parts::report(const Text& text, std::string_view short_form) noexcept {
    const pid_t self = ::gettid();
    // Relaxed: only what this thread wrote itself makes it equal.
    const bool nested = reporter.load(std::memory_order_relaxed) == self;
    if (!nested) {
        reporting.lock();
        reporter.store(self, std::memory_order_relaxed);
    }
    try {
        if (nested)
            to_standard_error(text());
        else
            options.report(text());
    } catch (...) {
        to_standard_error(short_form);
    }
    if (!nested) {
        reporter.store(0, std::memory_order_relaxed);
        reporting.unlock();
    }
}

void runtime::parts::shutdown_timer::expired(timer& self) noexcept {
    const runtime& owner = static_cast<shutdown_timer&>(self).owner;
    owner.parts_->report(
        [&owner] {
            return "twill: asked to stop, and past the shutdown limit these tasks still run:\n" +
                   owner.dump();
        },
        "twill: asked to stop, past the shutdown limit tasks still run\n");
}

void runtime::parts::report_region() noexcept {
    report(
        [this] {
            return "twill: a parallel call was made on the thread that runs the tasks, which all "
                   "wait until it has ended; write co_await twill::compute(function). It was made "
                   "by one of these tasks (reported once):\n" +
                   tasks(false);
        },
        "twill: a parallel call was made on the thread that runs the tasks: use twill::compute\n");
}

bool runtime::parts::is_stalled() noexcept {
    std::lock_guard hold(lock);
    if (running == nullptr) return false;
    bool some = false;
    struct goes_on {};
    try {
        running->for_each_below([&](const context& each, unsigned /*depth*/) {
            const suspension* const waits_in = each.suspended_in();
            // A scope, or a child that its scope lets in later.
            if (waits_in == nullptr) return;
            some = true;
            if (!waits_in->waits_for_others()) throw goes_on();
        });
    } catch (const goes_on&) {
        return false;
    }
    return some;
}

// False: it is not stalled.
bool runtime::parts::report_stall() noexcept {
    if (detail::event_worker::visit here(*worker); !here.alone()) return false;
    // What a plain thread has made ready by now was not found waiting.
    if (!is_stalled() || worker->somebody_waits()) return false;
    report(
        [this] {
            return "twill: nothing has happened for longer than the stall limit: all tasks wait "
                   "for one another, and for no timer, I/O or call. Unless a thread that is none "
                   "of twill's is to wake one of them, this is a deadlock:\n" +
                   tasks(true);
        },
        "twill: all tasks wait for one another\n");
    return true;
}

// Any thread. Nothing is posted where nobody would take it.
void runtime::parts::request_dump() noexcept {
    std::lock_guard hold(lock);
    if (running != nullptr && !asked.queued.exchange(true, std::memory_order_relaxed)) post(asked);
}

void runtime::parts::dump_request::execute(runnable& self) noexcept {
    auto& request = static_cast<dump_request&>(self);
    request.queued.store(false, std::memory_order_relaxed);
    request.owner.report(
        [&] { return "twill: the tasks, as asked for by a signal:\n" + request.owner.tasks(true); },
        "twill: no memory to tell the tasks\n");
}

std::string runtime::dump() const { return parts_->tasks(true); }

std::string runtime::parts::tasks(bool also_waiting) {
    std::string text;
    std::optional<detail::event_worker::visit> here;
    if (worker) here.emplace(*worker);
    // All along: it keeps `drive` from returning, and so the tree from going.
    std::lock_guard hold(lock);
    if (running == nullptr) return text;
    detail::function_names names;
    running->for_each_below([&](context& each, unsigned depth) {
        if (also_waiting || (each.suspended_in() == nullptr && !each.is_joint()))
            detail::append_task(text, each, depth, names);
    });
    return text;
}

compute_pool& runtime::compute() noexcept { return parts_->compute; }
blocking_pool& runtime::blocking() noexcept { return parts_->blocking; }
const runtime_options& runtime::options() const noexcept { return parts_->options; }

runtime_statistics runtime::stats() const noexcept {
    runtime_statistics sum;
    for (const auto& each : parts_->watches) sum.held_up += each->found();
    const time_point at = now();
    const auto add = [&](const auto& worker) {
        sum.tasks_run += worker.tasks_run().read();
        sum.event_parks += worker.parks().read();
        sum.event_busy += worker.busy().read(at);
    };
    if (parts_->worker) {
        sum.hand_overs = parts_->worker->hand_overs();
        add(*parts_->worker);
    }
    if (parts_->crew) {
        sum.event_threads = parts_->crew->threads();
        sum.event_threads_called = parts_->crew->calls();
        for (const auto& each : parts_->crew->workers()) {
            add(*each);
            sum.event_steals += each->steals().read();
        }
    }
    sum.event_busy = parts_->event_busy.at_least(sum.event_busy);
    sum.throttled_periods = parts_->throttling->periods();
    return sum;
}

void runtime::post(runnable& work) noexcept { parts_->post(work); }
bool runtime::arm(timer& what) noexcept { return parts_->arm(what); }
bool runtime::disarm(timer& what) noexcept { return parts_->disarm(what); }
bool runtime::may_resume() noexcept { return detail::event_worker::may_resume(); }
void runtime::note_end() noexcept {
    if (parts_->crew)
        parts_->crew->end();
    else
        parts_->worker->end();
}
bool runtime::may_continue() noexcept { return detail::event_worker::may_continue(); }
reactor& runtime::io() noexcept { return *parts_->io; }

}  // namespace twill::inline TWILL_ABI
