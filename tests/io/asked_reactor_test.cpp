// Tests of files run a second time with TWILL_REACTOR=io_uring. Where that cannot be had they are
// skipped, and say why.
#include <twill/core/error.hpp>
#include <twill/core/reactor.hpp>
#include <twill/reactor/make_reactor.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

namespace {

class asked_reactor final : public testing::Environment {
public:
    void SetUp() override {
        const char* const asked = std::getenv("TWILL_REACTOR");
        if (asked == nullptr || std::string_view(asked) != "io_uring") return;
        try {
            static_cast<void>(twill::make_reactor(twill::reactor_kind::io_uring));
        } catch (const twill::usage_error& why) {
            GTEST_SKIP() << why.what();
        }
    }
};

[[maybe_unused]] const auto* const asked = testing::AddGlobalTestEnvironment(new asked_reactor);

}  // namespace
