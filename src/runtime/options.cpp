#include <twill/core/error.hpp>
#include <twill/runtime/options.hpp>

#include <signal.h>

#include <charconv>
#include <cstdlib>
#include <optional>

namespace twill::inline TWILL_ABI {
namespace {

constexpr unsigned most_threads = 4096;
constexpr double longest_limit = 1e6;            // seconds
constexpr double least_watchdog_limit = 0.0001;  // seconds
constexpr int least_nice = 1;
constexpr int most_nice = 19;

std::optional<std::string_view> variable(const char* name) noexcept {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

template <class Number>
Number number_in(const char* name, std::string_view text, Number least, Number most) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (whole && value >= least && value <= most) return value;
    throw usage_error(std::string("read the environment variable ") + name + "=" +
                      std::string(text) + ": wanted a number from " + std::to_string(least) +
                      " to " + std::to_string(most) + "; mend or unset it");
}

lanes lanes_in(std::string_view text) {
    if (text == "give_way") return lanes::give_way;
    if (text == "none") return lanes::none;
    if (text == "idle") return lanes::idle;
    if (text.starts_with("nice:")) {
        const std::string_view level = text.substr(5);
        int value = 0;
        const auto [end, error] = std::from_chars(level.data(), level.data() + level.size(), value);
        if (error == std::errc() && end == level.data() + level.size() && value >= least_nice &&
            value <= most_nice)
            return lanes::nice(value);
    }
    throw usage_error("read the environment variable TWILL_LANES=" + std::string(text) +
                      ": wanted give_way, none, idle, or nice:1 to nice:19; mend or unset it");
}

watchdog watchdog_in(std::string_view text) {
    if (text == "off") return watchdog::off;
    if (text == "report") return watchdog::report;
    if (text == "hand_over") return watchdog::hand_over;
    throw usage_error("read the environment variable TWILL_WATCHDOG=" + std::string(text) +
                      ": wanted off, report or hand_over; mend or unset it");
}

reactor_kind reactor_in(std::string_view text) {
    if (text == "auto") return reactor_kind::automatic;
    if (text == "epoll") return reactor_kind::epoll;
    if (text == "io_uring") return reactor_kind::io_uring;
    throw usage_error("read the environment variable TWILL_REACTOR=" + std::string(text) +
                      ": wanted auto, epoll or io_uring; mend or unset it");
}

int signal_in(std::string_view text) {
    if (text == "QUIT") return SIGQUIT;
    if (text == "USR1") return SIGUSR1;
    if (text == "USR2") return SIGUSR2;
    throw usage_error("read the environment variable TWILL_DUMP_SIGNAL=" + std::string(text) +
                      ": wanted QUIT, USR1 or USR2; mend or unset it");
}

duration seconds_in(const char* name, std::string_view text, double least) {
    return std::chrono::duration_cast<duration>(
        std::chrono::duration<double>(number_in(name, text, least, longest_limit)));
}

}  // namespace

runtime_options runtime_options::from_environment() {
    runtime_options options;
    if (const auto text = variable("TWILL_COMPUTE_THREADS"))
        options.compute_threads = number_in("TWILL_COMPUTE_THREADS", *text, 1U, most_threads);
    if (const auto text = variable("TWILL_BLOCKING_THREADS"))
        options.blocking_threads = number_in("TWILL_BLOCKING_THREADS", *text, 1U, most_threads);
    if (const auto text = variable("TWILL_EVENT_THREADS"))
        options.event_threads =
            *text == "auto" ? 0U : number_in("TWILL_EVENT_THREADS", *text, 0U, most_threads);
    if (const auto text = variable("TWILL_EVENT_DELAY"))
        options.event_delay = seconds_in("TWILL_EVENT_DELAY", *text, 0.0);
    if (const auto text = variable("TWILL_REACTOR")) options.reactor = reactor_in(*text);
    if (const auto text = variable("TWILL_LANES")) options.lanes = lanes_in(*text);
    if (const auto text = variable("TWILL_WATCHDOG")) options.watchdog = watchdog_in(*text);
    if (const auto text = variable("TWILL_WATCHDOG_LIMIT"))
        options.watchdog_limit = seconds_in("TWILL_WATCHDOG_LIMIT", *text, least_watchdog_limit);
    if (const auto text = variable("TWILL_SHUTDOWN_LIMIT"))
        options.shutdown_limit = seconds_in("TWILL_SHUTDOWN_LIMIT", *text, 0.0);
    if (const auto text = variable("TWILL_TIMER_COALESCING"))
        options.timer_coalescing = seconds_in("TWILL_TIMER_COALESCING", *text, 0.0);
    if (const auto text = variable("TWILL_STALL_LIMIT"))
        options.stall_limit = seconds_in("TWILL_STALL_LIMIT", *text, 0.0);
    if (const auto text = variable("TWILL_DUMP_SIGNAL")) options.dump_signal = signal_in(*text);
    if (const auto text = variable("TWILL_TRACE")) options.trace_file = *text;
    return options;
}

}  // namespace twill::inline TWILL_ABI
