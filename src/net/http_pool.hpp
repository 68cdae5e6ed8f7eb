// The connections of a client: those that are kept, and how many there may be.
#pragma once

#include "http_incoming.hpp"

#include <twill/async/semaphore.hpp>
#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/time.hpp>
#include <twill/net/any_stream.hpp>
#include <twill/net/http_client.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::detail {

struct http_link {
    http_link(any_stream made, const http_limits& limits) : stream(std::move(made)), in(limits) {}
    // Whether nothing has come while it was idle: neither an end nor what nobody asked for.
    [[nodiscard]] bool is_fresh() const noexcept;

    any_stream stream;
    http_incoming<false> in;
    time_point idle_since{};
};

struct http_pool {
    explicit http_pool(http::client_options some) : options(std::move(some)) {}

    struct host {
        explicit host(std::size_t most) noexcept : slots(most) {}
        semaphore slots;
        std::vector<std::unique_ptr<http_link>> idle;  // the one that was used last is the last
    };
    // Stays where it is as long as the pool.
    host& of(const http::url& there);
    // One that is kept for that host, or null.
    std::unique_ptr<http_link> take(host& from);
    void keep(host& with, std::unique_ptr<http_link> link) noexcept;
    [[nodiscard]] std::size_t idle() const noexcept;
    [[nodiscard]] http_limits limits() const noexcept {
        return {options.max_head, options.max_fields, options.max_content};
    }

    const http::client_options options;

private:
    mutable futex_mutex lock_;  // guards the map and the lists of idle links
    std::map<std::string, std::unique_ptr<host>, std::less<>> hosts_;
};

}  // namespace twill::inline TWILL_ABI::detail
