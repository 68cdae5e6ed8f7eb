// The two programs that row "both" compares: an echo service that also counts words, over and over.
#pragma once

#include <twill/core/time.hpp>
#include <twill/io/endpoint.hpp>

#include <memory>
#include <string>
#include <vector>

namespace twill_command::demo {

class echo_and_count {
public:
    virtual ~echo_and_count() = default;
    [[nodiscard]] virtual twill::endpoint address() const = 0;
    // Counts words until `stop_counting`, and says how many bytes it got through in a second.
    virtual void start_counting() = 0;
    virtual double stop_counting() = 0;
};

// A runtime: requests are tasks, counting is parallel work.
std::unique_ptr<echo_and_count> with_twill(const std::vector<std::string>& texts);

// One pool for both; see naive_pool.hpp.
std::unique_ptr<echo_and_count> with_one_pool(const std::vector<std::string>& texts);

}  // namespace twill_command::demo
