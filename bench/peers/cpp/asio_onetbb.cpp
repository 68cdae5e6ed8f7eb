// The server of bench/mixed with Asio for the requests, on two threads, and oneTBB for the job:
// asio-onetbb OPTION.... bench/mixed/serving.hpp says what it does.

#include "asio_echo.hpp"
#include "mixed/serving.hpp"
#include "server.hpp"

#include <oneapi/tbb/parallel_for.h>

#include <cstdint>
#include <exception>
#include <thread>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr int io_threads = 2;

void compute_for_ever(std::uint32_t iterations) {
    for (;;)
        oneapi::tbb::parallel_for(std::size_t{0}, rows_of_region, [=](std::size_t) {
            compute_row(iterations);
            rows_done.fetch_add(1, std::memory_order_relaxed);
        });
}

void run(const named_words& options) {
    if (const long iterations = options.count("--calibrate"))
        return calibrate(static_cast<std::uint32_t>(iterations));
    obey_input();
    asio::io_context context(io_threads);
    start_echo(context);
    if (options.text("--job", "off") == "on")
        std::thread(compute_for_ever, static_cast<std::uint32_t>(options.count("--row-iterations")))
            .detach();
    run_on_threads(context, io_threads);
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    try {
        bench::run(bench::named_words({argv + 1, argv + argc}));
    } catch (const std::exception& e) {
        std::fprintf(stderr, "asio-onetbb: %s\n", e.what());
        return 1;
    }
}
