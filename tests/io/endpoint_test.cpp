#include <twill/io/endpoint.hpp>

#include "streams.hpp"

#include <gtest/gtest.h>
#include <sys/un.h>

#include <string>

namespace {

using namespace std::string_view_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;

TEST(Endpoint, ReadsWhatItWrites) {
    for (const char* text : {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:443",
                             "[::]:0", "[2001:db8::8:800:200c:417a]:8080"})
        EXPECT_EQ(endpoint::parse(text).to_string(), text);
}

TEST(Endpoint, MadeFromPartsIsTheSame) {
    EXPECT_EQ(endpoint::loopback(8080).to_string(), "127.0.0.1:8080");
    EXPECT_EQ(endpoint::any(1).to_string(), "0.0.0.0:1");
    EXPECT_EQ(endpoint().to_string(), "0.0.0.0:0");
    EXPECT_EQ(endpoint::parse("[::1]:65535").port(), 65535);
    EXPECT_EQ(endpoint::parse("[::1]:1").family(), AF_INET6);
}

TEST(Endpoint, RefusesWhatIsNoAddressAndSaysWhatIs) {
    for (const auto text : {""sv,
                            ":"sv,
                            "127.0.0.1"sv,
                            "127.0.0.1:"sv,
                            ":80"sv,
                            "127.0.0.1:65536"sv,
                            "127.0.0.1:-1"sv,
                            "127.0.0.1:+1"sv,
                            "127.0.0.1: 80"sv,
                            "127.0.0.1:80 "sv,
                            "127.0.0:80"sv,
                            "127.0.0.256:80"sv,
                            "localhost:80"sv,
                            "::1:80"sv,
                            "[::1]"sv,
                            "[::1:80"sv,
                            "[]:80"sv,
                            "[127.0.0.1]:80"sv,
                            "127.0.0.1\0:80"sv,
                            "[::1\0]:80"sv}) {
        try {
            static_cast<void>(endpoint::parse(text));
            ADD_FAILURE() << "took \"" << text << '"';
        } catch (const twill::usage_error& refusal) {
            EXPECT_NE(std::string(refusal.what()).find("127.0.0.1:80"), std::string::npos);
        }
    }
}

TEST(Endpoint, RefusesOtherFamilies) {
    sockaddr_storage local{};
    local.ss_family = AF_UNIX;
    EXPECT_THROW(static_cast<void>(endpoint::from(local)), twill::usage_error);
}

}  // namespace
