// Twill's server: an echo service and a job that wants all cores, in one runtime.

#include "mixed/programs.hpp"
#include "mixed/serving.hpp"

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/tcp.hpp>
#include <twill/par/for_each.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/runtime.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

using namespace std::chrono_literals;

// What a scan computes: 5 ms on all cores.
constexpr std::size_t scan_rows_per_cpu = 53;

// The one place that knows how the options' lanes are called in the runtime.
lanes lanes_of(const std::string& name) {
    if (name == "default") return lanes::give_way;
    if (name == "none") return lanes::none;
    if (name == "idle") return lanes::idle;
    if (name == "nice") return lanes::nice(19);
    throw std::runtime_error("there are no lanes of that kind: --lanes " + name);
}

watchdog watchdog_of(const std::string& name) {
    if (name == "default") return runtime_options().watchdog;
    if (name == "hand_over") return watchdog::hand_over;
    if (name == "off") return watchdog::off;
    throw std::runtime_error("there is no watchdog of that kind: --watchdog " + name);
}

compute_options job_options(const std::string& job) {
    if (job == "foreign") return {.lane = lane::foreign};
    if (job == "background") return {.priority = priority::background};
    return {};
}

void compute_rows(std::size_t count, std::uint32_t iterations) {
    par::for_each_index(count, [=](std::size_t) {
        compute_row(iterations);
        rows_done.fetch_add(1, std::memory_order_relaxed);
    });
}

// Code that knows nothing of twill: no beat for 50 ms.
void compute_long_call(std::uint32_t iterations) {
    for (int i = 0; i < rows_of_long_call; ++i) {
        compute_row(iterations);
        rows_done.fetch_add(1, std::memory_order_relaxed);
    }
}

task<> job(compute_options how, std::uint32_t iterations) {
    for (;;) co_await compute([=] { compute_rows(rows_of_region, iterations); }, how);
}

task<> long_calls(compute_options how, std::uint32_t iterations) {
    for (;;) co_await compute([=] { compute_long_call(iterations); }, how);
}

task<> hostile(std::uint32_t iterations) {
    for (;;) {
        co_await sleep(50ms);
        compute_long_call(iterations);
    }
}

task<> serve(tcp_stream stream, std::uint32_t iterations) {
    static const std::size_t scan_rows = scan_rows_per_cpu * usable_cpus();
    std::array<std::byte, 4096> buffer;  // filled by read_some
    try {
        while (const std::size_t n = co_await stream.read_some(buffer)) {
            // A request whose first byte is set asks for a scan.
            if (buffer[0] != std::byte{0})
                co_await compute(
                    [=] {
                        par::for_each_index(scan_rows,
                                            [=](std::size_t) { compute_row(iterations); });
                    },
                    {.priority = priority::interactive});
            co_await stream.write_all(std::span(buffer).first(n));
        }
    } catch (const io_error&) {
        // A client that is gone does not end the service.
    }
}

task<> accept_all(scope_ref s, std::uint32_t iterations) {
    tcp_listener door(endpoint::loopback(0));
    print("port", door.local().port());
    for (;;) s.spawn(serve, co_await door.accept(), iterations);
}

task<> work(const named_words& options) {
    const auto iterations = static_cast<std::uint32_t>(options.count("--row-iterations"));
    const std::string kind = options.text("--job", "off");
    const compute_options how = job_options(kind);
    co_await scope([&](scope_ref s) -> task<> {
        if (kind == "foreign")
            for (unsigned i = 0; i < usable_cpus(); ++i) s.spawn(long_calls, how, iterations);
        else if (kind != "off")
            s.spawn(job, how, iterations);
        if (options.text("--hostile", "off") == "on") s.spawn(hostile, iterations);
        if (options.text("--io", "on") == "on")
            s.spawn(accept_all, s, iterations);
        else
            print("port", 0);
        co_return;
    });
}

}  // namespace

void run_server(const words& given) {
    const named_words options(given);
    if (const long iterations = options.count("--calibrate"))
        return calibrate(static_cast<std::uint32_t>(iterations));
    const runtime_options setup{.lanes = lanes_of(options.text("--lanes", "default")),
                                .watchdog = watchdog_of(options.text("--watchdog", "default")),
                                .report = [](std::string_view) {}};
    if (options.text("--probe", "off") == "on")
        return static_cast<void>(job_options(options.text("--job", "off")));
    obey_input();
    run(setup, [&] { return work(options); });
}

}  // namespace twill::inline TWILL_ABI::bench
