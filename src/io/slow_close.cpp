#include "io/slow_close.hpp"

#include <twill/core/atomic.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/detail/event_worker.hpp>

#include "runtime/futex.hpp"
#include "runtime/signal_mask.hpp"

#include <pthread.h>
#include <unistd.h>
#include <chrono>

namespace twill::inline TWILL_ABI::detail {
namespace {

// Static, since the threads may be there longer than anything else.
constinit atomic<std::uint32_t> closes{0};

void* close_here(void* number) {
    ::pthread_setname_np(::pthread_self(), "twill-close");
    ::close(static_cast<int>(reinterpret_cast<std::intptr_t>(number)));
    closes.fetch_sub(1, std::memory_order_seq_cst);
    futex_wake_one(&closes);
    return nullptr;
}

bool close_elsewhere(int number) noexcept {
    pthread_attr_t how;
    if (::pthread_attr_init(&how) != 0) return false;
    ::pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
    closes.fetch_add(1, std::memory_order_seq_cst);
    int refused = 0;
    {
        const blocked_signals inherited(signals_of_the_program());
        pthread_t unused{};
        refused = ::pthread_create(&unused, &how, &close_here,
                                   reinterpret_cast<void*>(std::intptr_t{number}));
    }
    ::pthread_attr_destroy(&how);
    if (refused == 0) return true;
    closes.fetch_sub(1, std::memory_order_seq_cst);
    return false;
}

}  // namespace

void close_slowly(descriptor which) noexcept {
    if (!event_worker::on_this_thread() || !close_elsewhere(which.get())) return;
    static_cast<void>(which.release());
}

std::uint32_t slow_closes() noexcept { return closes.load(std::memory_order_seq_cst); }

void wait_for_slow_close(std::uint32_t so_many) noexcept {
    futex_wait(closes, so_many, after(now(), std::chrono::milliseconds(100)));
}

}  // namespace twill::inline TWILL_ABI::detail
