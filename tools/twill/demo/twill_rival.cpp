#include "twill/demo/rivals.hpp"
#include "twill/demo/words.hpp"

#include <twill/core/atomic.hpp>
#include <twill/core/cancellation.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/tcp.hpp>
#include <twill/par/for_each.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/trace/span.hpp>

#include <array>

#include <pthread.h>
#include <thread>
#include "twill/common/quiet_options.hpp"

namespace twill_command::demo {
namespace {

using namespace std::chrono_literals;

twill::task<> echo(twill::tcp_stream stream) {
    std::array<std::byte, 4096> buffer;
    while (const std::size_t n = co_await stream.read_some(buffer))
        co_await stream.write_all(std::span(buffer).first(n));
}

class twill_service final : public echo_and_count {
public:
    explicit twill_service(const std::vector<std::string>& texts)
        : texts_(texts),
          door_(twill::endpoint::loopback(0)),
          address_(door_.local()),
          thread_([this] {
              ::pthread_setname_np(::pthread_self(), "event thread");
              try {
                  runtime_.run([this] { return serve(); });
              } catch (const twill::cancelled&) {
                  // The end that the destructor asks for.
              }
          }) {}
    ~twill_service() override {
        runtime_.stop();
        thread_.join();
    }

    [[nodiscard]] twill::endpoint address() const override { return address_; }
    void start_counting() override {
        counted_ = 0;
        began_ = twill::now();
        counting_ = true;
    }
    double stop_counting() override {
        counting_ = false;
        const std::chrono::duration<double> took = twill::now() - began_;
        return static_cast<double>(counted_) / took.count();
    }

private:
    twill::task<> serve() {
        co_await twill::scope([this](twill::scope_ref s) -> twill::task<> {
            s.spawn([this] { return count_when_asked(); });
            for (;;) s.spawn(echo, co_await door_.accept());
        });
    }

    twill::task<> count_when_asked() {
        for (;;) {
            if (!counting_) {
                co_await twill::sleep(1ms);
                continue;
            }
            co_await twill::compute([this] { count_all(); });
        }
    }

    void count_all() {
        twill::par::for_each(texts_, [&](const std::string& text) {
            if (!counting_) return;
            const twill::trace::span shown("count");
            all_.with_one([&](word_counts& mine) { count_words(text, mine); });
            counted_ += text.size();
        });
    }

    const std::vector<std::string>& texts_;
    counters all_;
    twill::atomic<bool> counting_{false};
    twill::atomic<std::size_t> counted_{0};
    twill::time_point began_{};
    twill::tcp_listener door_;
    twill::endpoint address_;
    twill::runtime runtime_{quiet_options()};
    std::thread thread_;
};

}  // namespace

std::unique_ptr<echo_and_count> with_twill(const std::vector<std::string>& texts) {
    return std::make_unique<twill_service>(texts);
}

}  // namespace twill_command::demo
