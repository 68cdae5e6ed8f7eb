#include <twill/io/detail/descriptor.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace {

using twill::detail::descriptor;

TEST(descriptor, is_closed_by_its_last_owner_only) {
    descriptor first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int number = first.get();
    descriptor second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT: what a moved-from descriptor is, is the test
    EXPECT_EQ(second.get(), number);
    {
        descriptor third;
        third = std::move(second);
        EXPECT_EQ(::fcntl(number, F_GETFD), FD_CLOEXEC);
    }
    EXPECT_EQ(::fcntl(number, F_GETFD), -1);
    EXPECT_FALSE(descriptor(-1));
}

}  // namespace
