// What the connections of a server share: how they answer, within which limits, and who watches
// them.
#pragma once

#include "http_admission.hpp"
#include "http_watch.hpp"

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/net/http_exchange.hpp>
#include <twill/net/http_server.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {

struct http_service {
    http_service(const http::connection_options& some, http::handler what,
                 const http::overload_options* limits = nullptr);
    // As `connection_options::report` says.
    void report(std::string_view line) const noexcept;

    const http::connection_options& options;
    http::handler answer;
    // Null: every handler begins at once.
    std::unique_ptr<http_admission> gate{};
    std::function<bool(const http::request&)> exempt{};  // from the gate
    std::string retry_after{};                           // in seconds
    http_watch watch{};
    atomic<bool> draining{false};
};

}  // namespace twill::inline TWILL_ABI::detail
