#include "http_pool.hpp"

#include <twill/runtime/blocking.hpp>

#include <poll.h>

#include <iterator>
#include <mutex>
#include <new>

namespace twill::inline TWILL_ABI::detail {

bool http_link::is_fresh() const noexcept {
    if (!in.empty()) return false;
    const byte_stream* bottom = stream.bottom();
    if (bottom == nullptr) return true;
    pollfd state{bottom->native_handle(), POLLIN | POLLRDHUP, 0};
    return ::poll(&state, 1, 0) == 0;
}

http_host& http_pool::enter(const http::url& there) {
    const std::string key =
        (there.secure ? "s " : "p ") + there.host + ' ' + std::to_string(there.port);
    const std::lock_guard hold(lock_);
    const auto at = hosts_.try_emplace(key, options.max_connections_per_host).first;
    at->second.key = &at->first;
    ++at->second.users;
    return at->second;
}

void http_pool::leave(http_host& from) noexcept {
    const std::lock_guard hold(lock_);
    --from.users;
    drop_unused(from);
}

// With the lock, as the next two.
void http_pool::drop_unused(http_host& of) noexcept {
    if (of.users == 0 && of.idle.empty()) hosts_.erase(hosts_.find(*of.key));
}

void http_pool::drop_oldest(http_links& into) noexcept {
    into.splice(into.end(), idle_, idle_.begin());
    http_host& its = *into.back()->host;
    its.idle.pop_front();  // the oldest of all is the oldest of its host
    drop_unused(its);
}

void http_pool::drop_stale(http_links& into) noexcept {
    const time_point oldest = now() - options.idle_limit;
    while (!idle_.empty() && idle_.front()->idle_since < oldest) drop_oldest(into);
}

std::unique_ptr<http_link> http_pool::take(http_host& from) noexcept {
    http_links closed;  // outside of the lock
    const std::lock_guard hold(lock_);
    drop_stale(closed);
    while (!from.idle.empty()) {
        auto link = std::move(*from.idle.back());
        if (link->is_fresh()) {
            idle_.erase(from.idle.back());
            from.idle.pop_back();
            return link;
        }
        *from.idle.back() = std::move(link);
        closed.splice(closed.end(), idle_, from.idle.back());
        from.idle.pop_back();
    }
    return nullptr;
}

void http_pool::keep(http_host& with, std::unique_ptr<http_link> link) noexcept {
    if (options.max_idle_connections == 0) return;
    link->idle_since = now();
    link->host = &with;
    http_links closed;  // outside of the lock
    const std::lock_guard hold(lock_);
    drop_stale(closed);
    if (idle_.size() >= options.max_idle_connections) drop_oldest(closed);
    try {
        closed.push_back(std::move(link));
        with.idle.push_back(std::prev(closed.end()));
        idle_.splice(idle_.end(), closed, with.idle.back());
    } catch (const std::bad_alloc&) {
        // It is closed instead.
    }
}

// Some 20 ms: a file with all the certificates is read and parsed.
task<> http_pool::read_system_roots() {
    co_await blocking([this] { system_trust_.emplace(); });
}

task<const tls::client_context*> http_pool::trust() {
    if (options.tls != nullptr) co_return options.tls;
    co_await roots_read_.call([this] { return read_system_roots(); });
    co_return &*system_trust_;
}

std::size_t http_pool::idle() const noexcept {
    const std::lock_guard hold(lock_);
    return idle_.size();
}

}  // namespace twill::inline TWILL_ABI::detail
