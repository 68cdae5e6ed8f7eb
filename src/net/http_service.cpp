#include "http_service.hpp"

#include <twill/net/http_router.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <utility>

namespace twill::inline TWILL_ABI::detail {
namespace {

// Nobody is between the server and a router that is its handler.
http::handler without_exceptions(http::handler what) {
    if (auto* const routes = what.target<http::router>())
        return [routes = std::move(*routes)](http::exchange& x) { return routes.answer_all(x); };
    return what;
}

}  // namespace

http_service::http_service(const http::connection_options& some, http::handler what,
                           const http::overload_options* limits)
    : options(some), answer(without_exceptions(std::move(what))) {
    if (limits == nullptr || limits->target <= duration::zero()) return;
    constexpr std::size_t usual = 16;  // for each CPU
    const std::size_t most =
        limits->max_handlers != 0 ? limits->max_handlers : usual * std::size_t{usable_cpus()};
    gate = std::make_unique<http_admission>(*limits, most);
    exempt = limits->exempt;
    retry_after =
        std::to_string(std::chrono::ceil<std::chrono::seconds>(limits->retry_after).count());
}

void http_service::report(std::string_view line) const noexcept {
    try {
        if (options.report)
            options.report(line);
        else
            std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
    } catch (...) {
        // Who cannot take a report gets none.
    }
}

}  // namespace twill::inline TWILL_ABI::detail
