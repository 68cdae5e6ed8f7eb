#include "net/http_parser.hpp"

#include "fuzz/http_target.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>

namespace {

using namespace std::literals;
using twill::detail::http_head;
using twill::detail::http_head_finder;
using twill::detail::http_limits;
using twill::detail::http_request_parser;
using twill::detail::http_response_parser;
using twill_test::read_messages;

std::string requests(const std::string& bytes) {
    return read_messages<http_request_parser>(bytes, bytes.size());
}
std::string responses(const std::string& bytes) {
    return read_messages<http_response_parser>(bytes, bytes.size());
}

// What reading `bytes` ends in: the status of the refusal, 0 when more has to come, else 200.
int status_of(const std::string& bytes) {
    const std::string said = requests(bytes);
    if (said.ends_with("is not complete\n")) return 0;
    const auto refused = said.rfind("! ");
    return refused == std::string::npos ? 200 : std::stoi(said.substr(refused + 2));
}

struct attempt {
    const char* what;
    std::string bytes;
    int status;  // 200: taken; 0: more has to come
};
void PrintTo(const attempt& each, std::ostream* out) { *out << each.what; }

class HttpRequestTable : public testing::TestWithParam<attempt> {};

TEST_P(HttpRequestTable, IsTakenOrRefused) {
    EXPECT_EQ(status_of(GetParam().bytes), GetParam().status) << requests(GetParam().bytes);
}

std::string get(const std::string& fields) {
    return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
std::string post(const std::string& fields, const std::string& content) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + content;
}
std::string chunks(const std::string& content) {
    return post("Transfer-Encoding: chunked\r\n", content);
}

const attempt first_lines[] = {
    {"plain", get(""), 200},
    {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 200},
    {"empty lines before it", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
    {"five empty lines before it", "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n", 400},
    {"method of its own", "PROPFIND / HTTP/1.0\r\n\r\n", 200},
    {"absolute target", "GET http://b/x HTTP/1.1\r\nHost: b\r\n\r\n", 200},
    {"star", "OPTIONS * HTTP/1.0\r\n\r\n", 200},
    {"star without OPTIONS", "GET * HTTP/1.0\r\n\r\n", 400},
    {"absolute target of another host", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"absolute target of another port", "GET http://b:81/x HTTP/1.1\r\nHost: b\r\n\r\n", 400},
    {"absolute target in capitals", "GET HTTP://B/x HTTP/1.1\r\nHost: b\r\n\r\n", 200},
    {"absolute target without a host", "GET http:///x HTTP/1.0\r\n\r\n", 400},
    {"tunnel", "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n", 501},
    {"tunnel to a path", "CONNECT /x HTTP/1.1\r\nHost: b\r\n\r\n", 501},
    {"user in the target", "GET http://u@b/ HTTP/1.0\r\n\r\n", 400},
    {"relative target", "GET x HTTP/1.0\r\n\r\n", 400},
    {"other scheme", "GET file://b/x HTTP/1.0\r\n\r\n", 400},
    {"fragment", "GET /a#b HTTP/1.0\r\n\r\n", 400},
    {"two spaces", "GET  / HTTP/1.0\r\n\r\n", 400},
    {"space in the target", "GET /a b HTTP/1.0\r\n\r\n", 400},
    {"tab for space", "GET\t/ HTTP/1.0\r\n\r\n", 400},
    {"space at the end", "GET / HTTP/1.0 \r\n\r\n", 400},
    {"no version", "GET /\r\n\r\n", 400},
    {"HTTP/0.9", "GET / HTTP/0.9\r\n\r\n", 505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\n\r\n", 505},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"version in small letters", "GET / http/1.0\r\n\r\n", 400},
    {"TLS", "\x16\x03\x01", 400},
    {"method no token", "GE(T / HTTP/1.0\r\n\r\n", 400},
    {"line too long", "GET /" + std::string(5000, 'a'), 414},
    {"not complete", "GET / HT", 0},
};
const attempt field_lines[] = {
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two Hosts", get("Host: a\r\n"), 400},
    {"Host a list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
    {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
    {"Host an address", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200},
    {"Host empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 200},
    {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
    {"bare LF behind a field", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
    {"bare LF for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
    {"bare CR in a value", get("X: a\rb\r\n"), 400},
    {"CR CR LF", get("X: a\r\r\n"), 400},
    {"NUL in a value", get("X: a\0b\r\n"s), 400},
    {"NUL in a name", get("X\0: a\r\n"s), 400},
    {"control in a value", get("X: a\x01\r\n"), 400},
    {"tab in a value", get("X: a\tb\r\n"), 200},
    {"high bytes in a value", get("X: \xc3\xa4\r\n"), 200},
    {"folded", get("X: a\r\n b\r\n"), 400},
    {"folded with a tab", get("X: a\r\n\tb\r\n"), 400},
    {"folded at the begin", get("X:\r\n b\r\n"), 400},
    {"folded to nothing", get("X: a\r\n \r\n"), 400},
    {"folded Transfer-Encoding", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), 400},
    {"folded before all fields", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
    {"space before the colon", get("X : a\r\n"), 400},
    {"space in a name", get("X Y: a\r\n"), 400},
    {"no colon", get("X\r\n"), 400},
    {"no name", get(": a\r\n"), 400},
    {"sixteen fields", get([] {
         std::string all;
         for (int i = 0; i < 15; ++i) all += "X: a\r\n";
         return all;
     }()),
     200},
    {"a field too many", get([] {
         std::string all;
         for (int i = 0; i < 16; ++i) all += "X: a\r\n";
         return all;
     }()),
     431},
    {"head too long", get("X: " + std::string(5000, 'a') + "\r\n"), 431},
    {"head too long and not complete", "GET / HTTP/1.1\r\nX: " + std::string(5000, 'a'), 431},
    {"other expectation", post("Expect: wonders\r\n", ""), 417},
};
const attempt contents[] = {
    {"with length", post("Content-Length: 3\r\n", "abc"), 200},
    {"not complete", post("Content-Length: 3\r\n", "ab"), 0},
    {"length twice, the same", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400},
    {"length twice", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abc"), 400},
    {"length a list", post("Content-Length: 3, 3\r\n", "abc"), 400},
    {"length with sign", post("Content-Length: +3\r\n", "abc"), 400},
    {"length below zero", post("Content-Length: -3\r\n", "abc"), 400},
    {"length in hex", post("Content-Length: 0x3\r\n", "abc"), 400},
    {"length empty", post("Content-Length:\r\n", ""), 400},
    {"length over 64 bits", post("Content-Length: 18446744073709551616\r\n", ""), 400},
    {"content too long", post("Content-Length: 65537\r\n", ""), 413},
    {"length and chunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
     400},
    {"chunked and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
     400},
    {"gzip and length", post("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", "abcde"), 501},
    {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
    {"chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 501},
    {"chunked in two fields",
     post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
    {"chunked, identity", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 501},
    {"identity", post("Transfer-Encoding: identity\r\n", ""), 501},
    {"xchunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 501},
    {"vertical tab before chunked", post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"), 400},
    {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"chunked in capitals", post("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"), 200},
    {"chunks", chunks("5\r\nhello\r\n0\r\n\r\n"), 200},
    {"chunks not complete", chunks("5\r\nhel"), 0},
    {"last chunk missing", chunks("5\r\nhello\r\n"), 0},
    {"extension", chunks("5;a=b;c=\"d e\"\r\nhello\r\n0\r\n\r\n"), 200},
    {"extension without name", chunks("5;=b\r\nhello\r\n0\r\n\r\n"), 400},
    {"extension no token", chunks("5;a(b\r\nhello\r\n0\r\n\r\n"), 400},
    {"LF in an extension", chunks("5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"), 400},
    {"extension without end", chunks("5;a=\"b\r\nhello\r\n0\r\n\r\n"), 400},
    {"extension too long", chunks("5;a=" + std::string(300, 'b') + "\r\nhello\r\n0\r\n\r\n"), 400},
    {"bad extension of the last chunk", chunks("0;=\r\n\r\n"), 400},
    {"size with sign", chunks("+5\r\nhello\r\n0\r\n\r\n"), 400},
    {"size 0x5", chunks("0x5\r\nhello\r\n0\r\n\r\n"), 400},
    {"size behind a space", chunks(" 5\r\nhello\r\n0\r\n\r\n"), 400},
    {"size empty", chunks("\r\nhello\r\n0\r\n\r\n"), 400},
    {"size over 64 bits", chunks("10000000000000005\r\nhello\r\n0\r\n\r\n"), 400},
    {"chunk too long", chunks("10001\r\n"), 413},
    {"chunks too long", chunks("8\r\n12345678\r\nfffa\r\n"), 413},
    {"size ended by LF", chunks("5\nhello\r\n0\r\n\r\n"), 400},
    {"no line end behind a chunk", chunks("5\r\nhelloX\r\n0\r\n\r\n"), 400},
    {"LF behind a chunk", chunks("5\r\nhello\n0\r\n\r\n"), 400},
    {"trailer", chunks("0\r\nX: a\r\n\r\n"), 200},
    {"length in the trailer", chunks("0\r\nContent-Length: 5\r\n\r\n"), 400},
    {"folded trailer without name", chunks("0\r\n X: a\r\n\r\n"), 400},
};

INSTANTIATE_TEST_SUITE_P(FirstLine, HttpRequestTable, testing::ValuesIn(first_lines));
INSTANTIATE_TEST_SUITE_P(Fields, HttpRequestTable, testing::ValuesIn(field_lines));
INSTANTIATE_TEST_SUITE_P(Content, HttpRequestTable, testing::ValuesIn(contents));

TEST(HttpParser, ReadsPipelinedRequests) {
    EXPECT_EQ(requests(post("Content-Length: 3\r\n", "abc") +
                       chunks("2\r\nde\r\n1\r\nf\r\n0\r\n\r\n") + "GET /last HTTP/1.0\r\n\r\n"),
              "POST /\nHost: a\nContent-Length: 3\nabc\n"
              "POST /\nHost: a\nTransfer-Encoding: chunked\ndef\n"
              "GET /last\n\n");
}

TEST(HttpParser, AFieldBehindTheContentIsNoFieldOfTheHead) {
    EXPECT_EQ(requests(chunks("0\r\nHost: evil\r\nX: y\r\n\r\n")),
              "POST /\nHost: a\nTransfer-Encoding: chunked\n\n");
}

TEST(HttpParser, KnowsWhetherTheConnectionStays) {
    http_request_parser parser({});
    http_head head;
    const auto stays = [&](std::string_view text) {
        EXPECT_FALSE(parser.parse(text, head)) << text;
        return head.keep_alive;
    };
    EXPECT_TRUE(stays("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_FALSE(stays("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n"));
    EXPECT_FALSE(stays("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n"));
    EXPECT_FALSE(stays("GET / HTTP/1.0\r\n\r\n"));
    EXPECT_TRUE(stays("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(HttpParser, SeesThatTheClientExpectsToGoOn) {
    http_request_parser parser({});
    http_head head;
    const std::string_view text =
        "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n";
    EXPECT_FALSE(parser.parse(text, head));
    EXPECT_TRUE(head.expects_continue);
    EXPECT_EQ(parser.remaining(), 5U);
    parser.took(4);
    EXPECT_FALSE(parser.complete());
    parser.took(1);
    EXPECT_TRUE(parser.complete());
}

TEST(HttpParser, FindsAHeadThatComesByteByByte) {
    const std::string text = get("X: y\r\n");
    http_head_finder finder;
    for (std::size_t come = 0; come < text.size(); ++come)
        EXPECT_EQ(finder.find(std::string_view(text).substr(0, come), {}).size, 0U) << come;
    EXPECT_EQ(finder.find(text, {}).size, text.size());
}

TEST(HttpParser, RefusesABareLfBeforeTheHeadIsComplete) {
    http_head_finder finder;
    EXPECT_EQ(finder.find("GET / HTTP/1.1\n", {}).wrong.status, 400);
}

TEST(HttpParser, ReadsResponses) {
    EXPECT_EQ(responses("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
                        "HTTP/1.1 204 No Content\r\n\r\n"
                        "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"
                        "HTTP/1.0 200 \r\n\r\nto the end"),
              " \nContent-Length: 2\nhi\n \n\n \nContent-Length: 7\n\n \n"
              "to the endthe content is not complete\n");
}

TEST(HttpParser, AResponseToHeadHasNoContent) {
    http_response_parser parser({});
    http_head head;
    EXPECT_FALSE(parser.parse("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", head, true));
    EXPECT_TRUE(parser.complete());
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.length, 9U);
}

TEST(HttpParser, WhatTheFuzzerKeptReadsTheSameInPieces) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(TWILL_FUZZ_CORPUS "/http")) {
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(file), {}};
        for (const std::size_t piece : {1UL, 2UL, 7UL})
            EXPECT_EQ(requests(bytes), read_messages<http_request_parser>(bytes, piece))
                << entry.path();
        EXPECT_EQ(responses(bytes), read_messages<http_response_parser>(bytes, 3)) << entry.path();
        ++count;
    }
    EXPECT_GE(count, 10U) << "the corpus in " TWILL_FUZZ_CORPUS " is not there";
}

}  // namespace
