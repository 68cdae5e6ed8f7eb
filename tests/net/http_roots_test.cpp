// Whom a client trusts that was not told: the system's roots, whose file takes 20 ms to read.
#include <gtest/gtest.h>

#include <twill/net/http_client.hpp>
#include <twill/net/tls.hpp>
#include <twill/runtime/blocking_pool.hpp>
#include <twill/runtime/runtime.hpp>

#include "certificates.hpp"
#include "http.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace {

using namespace twill_test;
using twill::endpoint;
using twill::task;

// How many calls went to the blocking pool for a request that is refused: nobody here is trusted.
task<std::uint64_t> blocking_calls_of_a_request(twill::http::client& web, std::string address) {
    auto& pool = (co_await twill::this_runtime()).blocking();
    const auto before = pool.stats().jobs;
    try {
        co_await web.get(std::move(address));
        ADD_FAILURE() << "a certificate of nobody was trusted";
    } catch (const twill::tls::error&) {
    }
    co_return pool.stats().jobs - before;
}

TEST(HttpRoots, AreReadOnceAndNotByTheEventThread) {
    tls_ends ends;
    beside_server({.tls = &ends.identity}, echo_target, [](endpoint there) -> task<> {
        twill::http::client web;
        const auto address = "https://" + there.to_string() + "/";
        const auto first = co_await blocking_calls_of_a_request(web, address);
        const auto second = co_await blocking_calls_of_a_request(web, address);
        EXPECT_EQ(first, second + 1);
    });
}

}  // namespace
