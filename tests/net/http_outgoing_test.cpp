#include "net/http_outgoing.hpp"

#include <twill/core/error.hpp>

#include "http.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace twill_test;
using twill::detail::http_outgoing;

twill::http::request request(std::string_view method = "GET", int minor_version = 1) {
    twill::http::request made;
    made.assign({.method = method, .target = "/", .minor_version = minor_version}, {});
    return made;
}

TEST(HttpOutgoing, ResponsesWaitBehindEachOther) {
    http_outgoing out;
    EXPECT_TRUE(out.put(200, request(), true, "one"));
    out.end();
    out.next_response();
    EXPECT_FALSE(out.begun());
    out.set_field("X-Name", "value", true);
    EXPECT_FALSE(out.begin(200, request(), false, std::nullopt, "text/css"));
    EXPECT_TRUE(out.takes(3));
    out.append("two");
    out.end();
    const std::string all(out.view());
    EXPECT_TRUE(has(all, "\r\n\r\noneHTTP/1.1 200 OK\r\n")) << all;
    EXPECT_TRUE(has(all, "X-Name: value\r\nContent-Type: text/css\r\n")) << all;
    EXPECT_TRUE(has(all, "Connection: close\r\n")) << all;
    EXPECT_TRUE(all.ends_with("\r\n\r\n3\r\ntwo\r\n0\r\n\r\n")) << all;
}

TEST(HttpOutgoing, WhatWasNotSentIsTakenBackAndTheOneBeforeStays) {
    http_outgoing out;
    static_cast<void>(out.put(200, request(), true, "one"));
    const std::string first(out.view());
    out.next_response();
    out.set_field("X-Secret", "x", true);
    static_cast<void>(out.put(200, request(), true, "two"));
    out.take_back();
    EXPECT_EQ(out.view(), first);
    EXPECT_FALSE(out.begun());
    static_cast<void>(out.put(500, request(), true, "three"));
    EXPECT_FALSE(has(std::string(out.view()), "X-Secret"));
    EXPECT_EQ(out.status(), 500);
    EXPECT_EQ(out.content_written(), 5U);
    // A part of it has left: it stays what it is.
    out.leaves();
    out.take_back();
    EXPECT_EQ(out.status(), 500);
}

TEST(HttpOutgoing, ALongPieceIsSplitWhereTheBufferEnds) {
    for (const bool chunked : {false, true}) {
        http_outgoing out;
        const std::string content(100'000, 'x');
        static_cast<void>(out.begin(200, request(), true,
                                    chunked ? std::nullopt : std::optional(content.size()), ""));
        ASSERT_TRUE(out.takes(content.size()));
        EXPECT_FALSE(out.has_room(content.size()));
        const auto rest = out.begin_long(content);
        EXPECT_TRUE(out.is_long());
        std::string sent(out.view());
        out.clear();
        sent += rest;
        out.end_long();
        out.end();
        sent += out.view();
        EXPECT_EQ(content_of(sent), chunked ? "186a0\r\n" + content + "\r\n0\r\n\r\n" : content);
    }
}

TEST(HttpOutgoing, AnAnswerToAnOldClientEndsWithTheConnectionOrHasALength) {
    http_outgoing out;
    EXPECT_TRUE(out.begin(200, request("GET", 0), true, 0, ""));
    EXPECT_TRUE(has(std::string(out.view()), "Connection: keep-alive\r\n"));
    out.take_back();
    EXPECT_FALSE(out.begin(200, request("GET", 0), true, std::nullopt, ""));
    EXPECT_TRUE(has(std::string(out.view()), "Connection: close\r\n"));
}

TEST(HttpOutgoing, KnowsWhenMoreOrLessIsWrittenThanWasAnnounced) {
    http_outgoing out;
    EXPECT_THROW(static_cast<void>(out.takes(1)), twill::usage_error);
    static_cast<void>(out.begin(200, request(), true, 5, ""));
    EXPECT_TRUE(out.takes(3));
    EXPECT_TRUE(out.is_short());
    EXPECT_THROW(static_cast<void>(out.takes(3)), twill::usage_error);
    EXPECT_TRUE(out.takes(2));
    EXPECT_FALSE(out.is_short());
    out.take_back();
    static_cast<void>(out.begin(200, request("HEAD"), true, 5, ""));
    EXPECT_FALSE(out.takes(5));
    EXPECT_FALSE(out.is_short());
}

TEST(HttpOutgoing, WhatIsRefusedBeginsNothing) {
    http_outgoing out;
    EXPECT_THROW(static_cast<void>(out.begin(1000, request(), true, 0, "")), twill::usage_error);
    EXPECT_THROW(static_cast<void>(out.begin(200, request(), true, 0, "a\nb")), twill::usage_error);
    EXPECT_FALSE(out.begun());
    EXPECT_TRUE(out.empty());
}

}  // namespace
