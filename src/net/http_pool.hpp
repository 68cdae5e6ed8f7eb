// The connections of a client: those that are kept, and how many there may be.
#pragma once

#include "http_incoming.hpp"

#include <twill/async/once.hpp>
#include <twill/async/semaphore.hpp>
#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/net/any_stream.hpp>
#include <twill/net/http_client.hpp>

#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

struct http_host;

struct http_link {
    http_link(any_stream made, const http_limits& limits) : stream(std::move(made)), in(limits) {}
    // Whether nothing has come while it was idle: neither an end nor what nobody asked for.
    [[nodiscard]] bool is_fresh() const noexcept;

    any_stream stream;
    http_incoming<false> in;
    time_point idle_since{};
    http_host* host = nullptr;  // while it is kept
};
using http_links = std::list<std::unique_ptr<http_link>>;

struct http_host {
    explicit http_host(std::size_t most) noexcept : slots(most) {}
    semaphore slots;
    // All but the slots are the pool's, and guarded by its lock.
    std::deque<http_links::iterator> idle{};  // the one that was used last is the last
    std::size_t users = 0;
    const std::string* key = nullptr;
};

struct http_pool {
    explicit http_pool(http::client_options some) : options(std::move(some)) {}

    // The host that requests to there share. It stays as long as somebody uses it, or a connection
    // to it is kept: for each `enter` comes a `leave`.
    http_host& enter(const http::url& there);
    void leave(http_host& from) noexcept;
    // One that is kept for that host, or null.
    std::unique_ptr<http_link> take(http_host& from) noexcept;
    // Keeps it, and closes those that have been idle too long, and the oldest of too many.
    void keep(http_host& with, std::unique_ptr<http_link> link) noexcept;
    [[nodiscard]] std::size_t idle() const noexcept;
    // Whom to trust for https; it lives as long as the pool. Throws tls::error.
    [[nodiscard]] task<const tls::client_context*> trust();
    [[nodiscard]] http_limits limits() const noexcept {
        return {options.max_head, options.max_fields, options.max_content};
    }

    const http::client_options options;

private:
    [[nodiscard]] task<> read_system_roots();
    void drop_unused(http_host& of) noexcept;
    void drop_oldest(http_links& into) noexcept;
    void drop_stale(http_links& into) noexcept;

    once roots_read_;
    std::optional<tls::client_context> system_trust_;  // made when it is first needed
    mutable futex_mutex lock_;                         // guards what follows
    std::map<std::string, http_host, std::less<>> hosts_;
    http_links idle_;  // the one that was used last is the last
};

}  // namespace twill::inline TWILL_ABI::detail
