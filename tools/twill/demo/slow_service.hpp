// A TCP service on a thread of its own that answers each byte, after 20 ms, with a byte.
#pragma once

#include <twill/core/time.hpp>
#include <twill/io/tcp.hpp>
#include <twill/runtime/runtime.hpp>

#include <thread>
#include "twill/common/quiet_options.hpp"

namespace twill_command::demo {

class slow_service {
public:
    static constexpr twill::duration answer_time = std::chrono::milliseconds(20);

    slow_service();
    ~slow_service();
    slow_service(const slow_service&) = delete;
    slow_service& operator=(const slow_service&) = delete;

    [[nodiscard]] const twill::endpoint& address() const noexcept { return address_; }

private:
    twill::tcp_listener door_;
    twill::endpoint address_;
    twill::runtime runtime_{quiet_options()};
    std::thread thread_;
};

}  // namespace twill_command::demo
