#include "twill/check/account.hpp"

#include "twill/check/memory_words.hpp"
#include "twill/check/ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <span>
#include <string_view>
#include <utility>

namespace twill_command::check {
namespace {

using protocol::action;
using protocol::finding_kind;
using protocol::object_kind;

std::string_view name_of(object_kind what) {
    switch (what) {
        case object_kind::none:
            return "";
        case object_kind::thread:
            return "thread";
        case object_kind::mutex:
            return "mutex";
        case object_kind::rwlock:
            return "rwlock";
        case object_kind::condition:
            return "condition";
        case object_kind::semaphore:
            return "semaphore";
        case object_kind::barrier:
            return "barrier";
        case object_kind::once:
            return "once";
        case object_kind::spin_lock:
            return "spin lock";
        case object_kind::futex:
            return "futex";
        case object_kind::memory:
            return "memory";
        case object_kind::descriptor:
            return "descriptor";
        case object_kind::process:
            return "process";
    }
    return "";
}

std::string name_of(object_kind what, std::uint64_t number) {
    if (what == object_kind::none) return {};
    if (what == object_kind::process) return "the process";
    if (what == object_kind::memory) return fmt::format("memory at 0x{:x}", number);
    return fmt::format("{} {}", name_of(what), number);
}

// "waits for", of one who cannot go on; or what it did.
std::string_view verb_of(action doing, bool blocked) {
    switch (doing) {
        case action::begin:
            return "begins";
        case action::spawn:
            return "starts";
        case action::end:
            return "ends";
        case action::join:
            return blocked ? "waits for the end of" : "joins";
        case action::lock:
            return blocked ? "waits for" : "locks";
        case action::try_lock:
            return "tries to lock";
        case action::unlock:
            return "unlocks";
        case action::read_lock:
            return blocked ? "waits to read under" : "locks for reading";
        case action::try_read_lock:
            return "tries to lock for reading";
        case action::wait:
            return "waits for";
        case action::notify_one:
            return "notifies one at";
        case action::notify_all:
            return "notifies all at";
        case action::acquire:
            return blocked ? "waits for" : "acquires";
        case action::try_acquire:
            return "tries to acquire";
        case action::release:
            return "releases";
        case action::arrive:
            return blocked ? "waits at" : "arrives at";
        case action::run_once:
            return blocked ? "waits for" : "runs";
        case action::destroy:
            return "destroys";
        case action::load:
            return "reads";
        case action::store:
            return "writes";
        case action::exchange:
            return "exchanges";
        case action::yield:
            return "yields";
        case action::sleep:
            return "sleeps";
        case action::read_clock:
            return "reads the clock";
        case action::read:
            return blocked ? "waits to read" : "reads";
        case action::write:
            return blocked ? "waits to write" : "writes to";
        case action::poll:
            return blocked ? "waits for" : "polls";
        case action::open:
            return "opens or closes";
        case action::send_signal:
            return "signals";
        case action::handle_signal:
            return "handles a signal";
        case action::go_on:
            return "goes on";
        case action::exit:
            return "returns from main";
    }
    return "";
}

std::string doing(action what, bool blocked, object_kind kind, std::uint64_t number) {
    const auto object = what == action::exit || what == action::end || what == action::begin
                            ? std::string()
                            : name_of(kind, number);
    return fmt::format("{}{}{}", verb_of(what, blocked), object.empty() ? "" : " ", object);
}

std::string signal_name(int number) {
    const char* const abbreviation = ::sigabbrev_np(number);
    return abbreviation != nullptr ? fmt::format("SIG{}", abbreviation)
                                   : fmt::format("signal {}", number);
}

std::string summary_of(const protocol::finding& found) {
    const std::string_view more(found.text, ::strnlen(found.text, sizeof found.text));
    const auto who = fmt::format("thread {}", found.thread);
    switch (found.kind) {
        case finding_kind::signal:
            return fmt::format("ended by {} in {}", signal_name(static_cast<int>(found.value)),
                               who);
        case finding_kind::exit_status:
            return fmt::format("ended with exit status {}", found.value);
        case finding_kind::deadlock:
            return "deadlock: no thread can go on";
        case finding_kind::livelock:
            return more.empty() ? "livelock: the threads that can go on do so in vain, for ever"
                                : "livelock, or a very long run: the limit of steps was reached";
        case finding_kind::spin:
            return "spins without ever coming to a scheduling point";
        case finding_kind::stuck:
            return more.empty() ? "waits in a call that twill check does not see"
                                : fmt::format("{} {}", who, more);
        case finding_kind::not_reproducible:
            return "the replay left the schedule: the program is not the same, or depends on "
                   "something that twill check does not control";
        case finding_kind::leaked_thread:
            return fmt::format("thread {} was neither joined nor detached when the program ended",
                               found.other);
        case finding_kind::lost_signal:
            return fmt::format(
                "{} notified {} when nobody waited; thread {}, which waits there now, would go on "
                "if it were notified",
                who, name_of(found.what, found.object), found.other);
        default:
            if (is_about_memory(found.kind)) return summary_of_memory(found);
            if (found.object != 0 && found.what != object_kind::none)
                return fmt::format("{} {} ({})", who, more, name_of(found.what, found.object));
            return fmt::format("{} {}", who, more);
    }
}

// Frames of ours and of libc's start: the same in every stack.
bool says_something(const frame& one) {
    return one.module.find("libtwill_check") == std::string::npos &&
           one.function != "start_thread" && one.function != "clone3" &&
           one.function != "__clone3" && one.function != "__libc_start_call_main" &&
           !one.function.starts_with("__libc_start_main") && one.function != "_start";
}

stack useful(stack all) {
    std::erase_if(all, [](const frame& one) { return !says_something(one); });
    // How libc raises a signal (raise, abort, __assert_fail) says nothing either.
    const auto own = std::ranges::find_if(
        all, [](const frame& one) { return one.module.find("/libc.so") == std::string::npos; });
    if (own != all.end()) all.erase(all.begin(), own);
    return all;
}

// What the program itself wrote before it gave up, if it is in a known form.
std::string last_words(std::string_view output) {
    for (const std::string_view mark : {"Assertion `", "terminate called"}) {
        const auto at = output.rfind(mark);
        if (at == std::string_view::npos) continue;
        const auto line = output.rfind('\n', at);
        const auto begin = line == std::string_view::npos ? 0 : line + 1;
        std::string words(output.substr(begin, output.find('\n', at) - begin));
        // "  what():  ..." is on the line that follows.
        const auto what = output.find("what():", at);
        if (mark == "terminate called" && what != std::string_view::npos) {
            const auto end = output.find('\n', what);
            words += fmt::format(" ({})", output.substr(what, end - what));
        }
        return words;
    }
    return {};
}

void collect(const protocol::stack_trace& from, std::vector<std::uint64_t>& into) {
    into.insert(into.end(), from.frames, from.frames + from.depth);
}

void name_all(const protocol::session& session, symbols& names) {
    const auto& result = session.result;
    std::vector<std::uint64_t> addresses;
    for (std::uint32_t i = 0; i != result.findings_count; ++i) {
        collect(result.findings[i].here, addresses);
        collect(result.findings[i].there, addresses);
        collect(result.findings[i].memory.allocated, addresses);
    }
    for (std::uint32_t i = 0; i != result.threads_count; ++i)
        collect(result.threads[i].where, addresses);
    for (std::uint32_t i = 0; i != result.events_count; ++i)
        collect(session.events[i].where, addresses);
    std::ranges::sort(addresses);
    addresses.erase(std::ranges::unique(addresses).begin(), addresses.end());
    names.find(addresses);
}

finding_account account_of(const protocol::finding& found, bool ended,
                           std::span<const protocol::module> modules, symbols& names) {
    finding_account made;
    made.kind = check::name_of(found.kind);
    made.summary = summary_of(found);
    made.ended_run = ended;
    made.thread = found.thread;
    if (found.has_other != 0) made.other = found.other;
    made.object = name_of(found.what, found.object);
    made.here = useful(names.name(found.here));
    made.there = useful(names.name(found.there));
    if (is_about_memory(found.kind)) {
        made.memory = place_of_memory(found, modules);
        made.allocated = useful(names.name(found.memory.allocated));
    }
    return made;
}

// Where a leaked thread is noticed, at the end of the program, says nothing; where it was started
// does.
void tell_where_it_was_started(finding_account& leaked, const protocol::session& session,
                               symbols& names) {
    for (std::uint32_t i = 0; i != session.result.events_count; ++i) {
        const auto& event = session.events[i];
        if (event.kind == action::spawn && event.object == leaked.other)
            leaked.here = useful(names.name(event.where));
    }
    leaked.thread = *leaked.other;
    leaked.other.reset();
}

thread_account account_of(const protocol::thread_report& report, unsigned index, symbols& names) {
    thread_account made;
    made.index = index;
    made.name = std::string(report.name, ::strnlen(report.name, sizeof report.name));
    if (made.name.empty() && index == 0) made.name = "main";
    made.ended = report.state == protocol::thread_state::ended;
    made.blocked = report.state == protocol::thread_state::blocked;
    made.doing = doing(report.doing, made.blocked, report.what, report.object);
    if (report.waits_for_known != 0) made.waits_for = report.waits_for;
    made.waits_for_end = report.doing == action::join;
    made.where = useful(names.name(report.where));
    return made;
}

}  // namespace

failing_run take_account(checked_program& of) {
    const auto& session = of.session();
    const auto& result = session.result;
    symbols names({result.modules, result.modules_count});
    name_all(session, names);
    failing_run made;
    for (std::uint32_t i = 0; i != result.findings_count; ++i)
        made.findings.push_back(account_of(
            result.findings[i], result.end == protocol::run_end::finding && i == result.ended_by,
            {result.modules, result.modules_count}, names));
    for (std::uint32_t i = 0; i != result.threads_count; ++i)
        made.threads.push_back(account_of(result.threads[i], i, names));
    std::map<std::uint64_t, std::string> variables;  // by address; "" is none
    for (std::uint32_t i = 0; i != result.events_count; ++i) {
        const auto& event = session.events[i];
        auto what = doing(event.kind, false, event.what, event.object);
        if (event.what == object_kind::memory) {
            const auto [at, fresh] = variables.try_emplace(event.object);
            if (fresh)
                at->second = variable_at(event.object, {result.modules, result.modules_count});
            if (!at->second.empty())
                what = fmt::format("{} {}", verb_of(event.kind, false), at->second);
        }
        made.steps.push_back({event.thread, std::move(what), event.blocked != 0, event.time_ns,
                              useful(names.name(event.where))});
    }
    made.steps_cut = result.events_count == protocol::most_events;
    made.schedule.assign(session.schedule, session.schedule_length);
    constexpr std::size_t kept_output = 4000;
    made.output = of.output(kept_output);
    for (auto& each : made.findings)
        if (const auto words = last_words(made.output);
            each.kind == "crash" && each.ended_run && !words.empty())
            each.summary = fmt::format("{}, thread {}", words, each.thread);
    for (auto& each : made.findings)
        if (each.kind == "leaked-thread" && each.other)
            tell_where_it_was_started(each, session, names);
    put_strongest_first(made.findings);
    return made;
}

std::string_view name_of(protocol::finding_kind kind) {
    switch (kind) {
        case finding_kind::none:
            return "nothing";
        case finding_kind::signal:
            return "crash";
        case finding_kind::exit_status:
            return "exit-status";
        case finding_kind::deadlock:
            return "deadlock";
        case finding_kind::livelock:
            return "livelock";
        case finding_kind::spin:
            return "spin";
        case finding_kind::stuck:
            return "stuck";
        case finding_kind::lock_order:
            return "lock-order";
        case finding_kind::wrong_unlock:
            return "wrong-unlock";
        case finding_kind::destroyed_in_use:
            return "destroyed-in-use";
        case finding_kind::relocked:
            return "relocked";
        case finding_kind::lost_signal:
            return "lost-signal";
        case finding_kind::leaked_thread:
            return "leaked-thread";
        case finding_kind::data_race:
            return "data-race";
        case finding_kind::use_after_free:
            return "use-after-free";
        case finding_kind::out_of_bounds:
            return "out-of-bounds";
        case finding_kind::double_free:
            return "double-free";
        case finding_kind::bad_free:
            return "bad-free";
        case finding_kind::use_after_join:
            return "use-after-join";
        case finding_kind::too_large:
            return "too-large";
        case finding_kind::not_reproducible:
            return "not-reproducible";
    }
    return "unknown";
}

std::string_view name_of(protocol::strategy_kind kind) {
    switch (kind) {
        case protocol::strategy_kind::rotation:
            return "rotation";
        case protocol::strategy_kind::random:
            return "random";
        case protocol::strategy_kind::stall:
            return "stall";
        case protocol::strategy_kind::pct:
            return "pct";
        case protocol::strategy_kind::pos:
            return "pos";
        case protocol::strategy_kind::urw:
            return "urw";
    }
    return "unknown";
}

std::string_view name_of(protocol::granularity points) {
    switch (points) {
        case protocol::granularity::sync:
            return "sync";
        case protocol::granularity::around:
            return "around";
        case protocol::granularity::memory:
            return "memory";
        case protocol::granularity::every:
            return "every";
    }
    return "unknown";
}

}  // namespace twill_command::check
