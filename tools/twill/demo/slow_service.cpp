#include "twill/demo/slow_service.hpp"

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>

#include <pthread.h>
#include <array>

namespace twill_command::demo {
namespace {

twill::task<> answer(twill::tcp_stream stream) {
    std::array<std::byte, 1> question;
    while (co_await stream.read_some(question) != 0) {
        co_await twill::sleep(slow_service::answer_time);
        co_await stream.write_all(question);
    }
}

twill::task<> serve(twill::tcp_listener& door) {
    co_await twill::scope([&](twill::scope_ref s) -> twill::task<> {
        for (;;) s.spawn(answer, co_await door.accept());
    });
}

constexpr int backlog = 4096;

}  // namespace

slow_service::slow_service()
    : door_(twill::endpoint::loopback(0), {.backlog = backlog}),
      address_(door_.local()),
      thread_([this] {
          ::pthread_setname_np(::pthread_self(), "service");
          try {
              runtime_.run([this] { return serve(door_); });
          } catch (const twill::cancelled&) {
              // The end that the destructor asks for.
          }
      }) {}

slow_service::~slow_service() {
    runtime_.stop();
    thread_.join();
}

}  // namespace twill_command::demo
