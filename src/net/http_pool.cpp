#include "http_pool.hpp"

#include <poll.h>

#include <mutex>

namespace twill::inline TWILL_ABI::detail {

bool http_link::is_fresh() const noexcept {
    if (!in.empty()) return false;
    const byte_stream* bottom = stream.bottom();
    if (bottom == nullptr) return true;
    pollfd state{bottom->native_handle(), POLLIN | POLLRDHUP, 0};
    return ::poll(&state, 1, 0) == 0;
}

http_pool::host& http_pool::of(const http::url& there) {
    const std::string key =
        (there.secure ? "s " : "p ") + there.host + ' ' + std::to_string(there.port);
    const std::lock_guard hold(lock_);
    auto& entry = hosts_[key];
    if (!entry) entry = std::make_unique<host>(options.max_connections_per_host);
    return *entry;
}

std::unique_ptr<http_link> http_pool::take(host& from) {
    const time_point oldest = now() - options.idle_limit;
    std::vector<std::unique_ptr<http_link>> stale;  // closed outside of the lock
    const std::lock_guard hold(lock_);
    while (!from.idle.empty()) {
        auto link = std::move(from.idle.back());
        from.idle.pop_back();
        if (link->idle_since >= oldest && link->is_fresh()) return link;
        stale.push_back(std::move(link));
    }
    return nullptr;
}

void http_pool::keep(host& with, std::unique_ptr<http_link> link) noexcept {
    link->idle_since = now();
    const std::lock_guard hold(lock_);
    try {
        with.idle.push_back(std::move(link));
    } catch (const std::bad_alloc&) {
        // It is closed instead.
    }
}

std::size_t http_pool::idle() const noexcept {
    const std::lock_guard hold(lock_);
    std::size_t count = 0;
    for (const auto& [key, each] : hosts_) count += each->idle.size();
    return count;
}

}  // namespace twill::inline TWILL_ABI::detail
