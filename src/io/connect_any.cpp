#include <twill/core/error.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/tcp.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace {

// What the attempts share; they may run on several event threads.
class first_to_answer {
public:
    explicit first_to_answer(std::vector<endpoint> addresses) noexcept
        : addresses_(std::move(addresses)) {}

    // The next address that is to be tried; null when all were, or one has answered.
    const endpoint* next() noexcept {
        std::lock_guard hold(lock_);
        if (made_ || tried_ == addresses_.size()) return nullptr;
        ++running_;
        return &addresses_[tried_++];
    }
    // One that comes second is closed.
    void answered(tcp_stream stream) noexcept {
        std::lock_guard hold(lock_);
        if (!made_) made_.emplace(std::move(stream));
    }
    // True: nothing is left to wait for.
    bool failed(std::exception_ptr why) noexcept {
        std::lock_guard hold(lock_);
        last_failure_ = std::move(why);
        return --running_ == 0 && tried_ == addresses_.size();
    }
    // When all have ended.
    tcp_stream take() {
        if (made_) return std::move(*made_);
        if (last_failure_) std::rethrow_exception(last_failure_);
        throw io_error("connect to", "a host without addresses", EADDRNOTAVAIL);
    }

private:
    futex_mutex lock_;
    std::vector<endpoint> addresses_;
    std::size_t tried_ = 0;
    std::size_t running_ = 0;
    std::optional<tcp_stream> made_;
    std::exception_ptr last_failure_;
};

// Tries one address; when that fails, the next one at once.
task<> attempt(scope_ref all, first_to_answer& first, const endpoint* there) {
    for (; there != nullptr; there = first.next()) {
        try {
            first.answered(co_await connect(*there));
            all.cancel();
            co_return;
        } catch (const io_error&) {
            // The one who waits to try the next address need not go on.
            if (first.failed(std::current_exception())) all.cancel();
        }
    }
}

}  // namespace

// "Happy eyeballs" (RFC 8305), which names 250 ms.
task<tcp_stream> connect(std::vector<endpoint> there) {
    constexpr duration head_start = std::chrono::milliseconds(250);
    first_to_answer first(std::move(there));
    const auto try_all = [&](scope_ref all) -> task<> {
        for (const endpoint* next = first.next(); next != nullptr; next = first.next()) {
            all.spawn(attempt, all, std::ref(first), next);
            co_await sleep(head_start);
        }
    };
    co_await scope(try_all);
    co_return first.take();
}

task<tcp_stream> connect(std::string host, std::string service) {
    co_return co_await connect(co_await resolve(std::move(host), std::move(service)));
}

}  // namespace twill::inline TWILL_ABI
