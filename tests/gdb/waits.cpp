// A program for the debugger to look at: tasks that wait, some with a name, when it stops.
#include <twill/twill.hpp>

#include <csignal>

using namespace std::chrono_literals;

twill::task<> read_line(twill::channel<int>& lines) {
    while (co_await lines.receive()) {
    }
}
twill::task<> answer(twill::channel<int>& lines) { co_await read_line(lines); }

int main() {
    twill::run(twill::runtime_options{}, []() -> twill::task<> {
        twill::channel<int> lines(1);
        co_await twill::scope([&](twill::scope_ref s) -> twill::task<> {
            s.spawn([&] { return twill::named("the reader", answer(lines)); });
            s.spawn([]() -> twill::task<> { co_await twill::sleep(1ms); });
            co_await twill::yield();
            std::raise(SIGTRAP);  // the debugger looks here
            lines.close();
        });
    });
}
