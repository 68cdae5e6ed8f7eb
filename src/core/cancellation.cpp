#include <twill/core/cancellation.hpp>

namespace twill::inline TWILL_ABI::detail {

task<> request_stop_when_cancelled(std::stop_source& stop) {
    co_await until_cancelled();
    stop.request_stop();
}

}  // namespace twill::inline TWILL_ABI::detail
