// The echo server of the suite io with Asio: asio echo THREADS.

#include "asio_echo.hpp"
#include "server.hpp"

namespace twill::inline TWILL_ABI::bench {
namespace {

// The hint lets the scheduler do without locks where one thread runs it.
constexpr int one_thread = ASIO_CONCURRENCY_HINT_UNSAFE;

void run_echo(int threads) {
    asio::io_context context(threads == 1 ? one_thread : threads);
    start_echo(context);
    run_on_threads(context, threads);
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    return bench::server_main(argc, argv, "echo", bench::run_echo);
}
