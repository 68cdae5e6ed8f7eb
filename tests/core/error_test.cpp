#include <twill/core/error.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace {

TEST(Error, IoErrorSaysWhatOnWhatAndWhy) {
    const twill::io_error e("connect to", "db:5432", ECONNREFUSED);
    EXPECT_STREQ(e.what(), "connect to db:5432: Connection refused");
    EXPECT_EQ(e.code(), std::errc::connection_refused);
    EXPECT_EQ(e.operation(), "connect to");
    EXPECT_EQ(e.object(), "db:5432");
}

TEST(Error, IoErrorWithoutAnObject) {
    EXPECT_STREQ(twill::io_error("poll", "", EINTR).what(), "poll: Interrupted system call");
}

TEST(Error, IsCopiedWithItsMessage) {
    const twill::io_error e("open", "a", ENOENT);
    const std::system_error& base = e;
    const twill::io_error copy = e;  // NOLINT: that it can be copied is what is tested
    EXPECT_STREQ(copy.what(), base.what());
}

TEST(Error, EndOfStreamSaysHowFarItCame) {
    const twill::end_of_stream e("read 10 bytes from", "fd 3", 4);
    EXPECT_EQ(e.received(), 4U);
    EXPECT_STREQ(e.what(), "read 10 bytes from fd 3: the stream ended after 4 bytes");
}

TEST(Error, TimedOutSaysWhat) {
    EXPECT_STREQ(twill::timed_out("query").what(), "query: the time limit ran out");
}

}  // namespace
