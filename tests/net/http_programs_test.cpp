// Other people's clients, as they are installed. A test whose program is missing is skipped.
#include <twill/net/http_server.hpp>

#include <twill/io/detail/find_program.hpp>
#include <twill/io/process.hpp>
#include <twill/net/http_router.hpp>

#include "http.hpp"
#include "io/fixtures.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::http::exchange;

bool is_here(const char* program) { return twill::detail::find_program(program).error == 0; }

// What the programs ask for.
twill::http::router service() {
    twill::http::router routes;
    routes.on("GET", "/plain", [](exchange& x) -> task<> { co_await x.respond(200, "hello"); })
        .on("GET", "/chunks",
            [](exchange& x) -> task<> {
                x.begin(200);
                for (int i = 0; i < 10; ++i) {
                    co_await x.write("piece " + std::to_string(i) + "\n");
                    co_await x.flush();
                }
            })
        .on("GET", "/large",
            [](exchange& x) -> task<> { co_await x.respond(200, pattern(1'000'000)); })
        .on("POST", "/echo",
            [](exchange& x) -> task<> { co_await x.respond(200, co_await x.text()); })
        .on("GET", "/none", [](exchange& x) -> task<> { co_await x.respond(204); })
        .on("GET", "/moved",
            [](exchange& x) -> task<> { co_await x.set("Location", "/plain").respond(302); });
    return routes;
}

// Runs the program beside the service, with its address put for @there in the arguments; gives what
// it wrote.
std::string output_of(std::vector<std::string> arguments) {
    std::string out;
    beside_server({}, service(), [&](endpoint there) -> task<> {
        for (auto& each : arguments)
            if (const auto at = each.find("@there"); at != std::string::npos)
                each.replace(at, 6, there.to_string());
        auto said = co_await twill::run_process({.arguments = arguments});
        EXPECT_EQ(said.status.code, 0) << said.status.to_string() << "\n" << said.err << said.out;
        out = std::move(said.out);
    });
    return out;
}

TEST(HttpPrograms, Curl) {
    if (!is_here("curl")) GTEST_SKIP() << "curl is not here";
    EXPECT_EQ(output_of({"curl", "-sSf", "http://@there/plain"}), "hello");
    EXPECT_EQ(output_of({"curl", "-sSf", "-0", "http://@there/plain"}), "hello");
    EXPECT_TRUE(output_of({"curl", "-sSf", "http://@there/chunks"}).ends_with("piece 9\n"));
    EXPECT_TRUE(output_of({"curl", "-sSf", "http://@there/large"}) == pattern(1'000'000));
    EXPECT_EQ(output_of({"curl", "-sSfL", "http://@there/moved"}), "hello");
    EXPECT_EQ(output_of({"curl", "-sSf", "http://@there/plain", "http://@there/none",
                         "http://@there/plain"}),
              "hellohello");
    EXPECT_TRUE(
        output_of({"curl", "-sSf", "-I", "http://@there/plain"}).starts_with("HTTP/1.1 200"));
    const temporary_directory folder;
    const auto file = folder.file("upload", pattern(900'000), 0600);
    // Above a kilobyte or so it waits for "100 Continue".
    EXPECT_TRUE(output_of({"curl", "-sSf", "-H", "Expect: 100-continue", "--data-binary",
                           "@" + file, "http://@there/echo"}) == pattern(900'000));
    EXPECT_TRUE(output_of({"curl", "-sSf", "-H", "Transfer-Encoding: chunked", "--data-binary",
                           "@" + file, "http://@there/echo"}) == pattern(900'000));
}

TEST(HttpPrograms, ApacheBench) {
    if (!is_here("ab")) GTEST_SKIP() << "ab (apache2-utils) is not here";
    for (const char* keep : {"-k", "-q"}) {
        const auto said =
            output_of({"ab", "-q", keep, "-n", "2000", "-c", "20", "http://@there/plain"});
        EXPECT_TRUE(has(said, "Complete requests:      2000")) << said;
        EXPECT_TRUE(has(said, "Failed requests:        0")) << said;
        EXPECT_FALSE(has(said, "Non-2xx responses")) << said;
    }
}

TEST(HttpPrograms, Wrk) {
    if (!is_here("wrk")) GTEST_SKIP() << "wrk is not here";
    const auto said = output_of({"wrk", "-t1", "-c20", "-d1s", "http://@there/plain"});
    EXPECT_TRUE(has(said, "Requests/sec:")) << said;
    EXPECT_FALSE(has(said, "Socket errors")) << said;
    EXPECT_FALSE(has(said, "Non-2xx")) << said;
}

TEST(HttpPrograms, Python) {
    if (!is_here("python3")) GTEST_SKIP() << "python3 is not here";
    constexpr const char* script = R"py(
import http.client, sys, urllib.request, urllib.error
there = sys.argv[1]
kept = http.client.HTTPConnection(there, timeout=30)
for i in range(3):
    kept.request("GET", "/plain")
    assert kept.getresponse().read() == b"hello"
kept.request("GET", "/chunks")
assert kept.getresponse().read().endswith(b"piece 9\n")
kept.request("HEAD", "/plain")
head = kept.getresponse()
assert head.read() == b"" and head.getheader("Content-Length") == "5"
kept.request("GET", "/none")
none = kept.getresponse()
assert none.status == 204 and none.read() == b""
kept.request("POST", "/echo", body=iter([b"in ", b"chunks"]), encode_chunked=True,
             headers={"Transfer-Encoding": "chunked"})
assert kept.getresponse().read() == b"in chunks"
base = "http://" + there
assert urllib.request.urlopen(base + "/moved", timeout=30).read() == b"hello"
assert len(urllib.request.urlopen(base + "/large", timeout=30).read()) == 1000000
big = b"x" * 900000
assert urllib.request.urlopen(base + "/echo", data=big, timeout=30).read() == big
try:
    urllib.request.urlopen(base + "/absent", timeout=30)
    assert False
except urllib.error.HTTPError as error:
    assert error.code == 404
print("fine")
)py";
    EXPECT_EQ(output_of({"python3", "-c", script, "@there"}), "fine\n");
}

TEST(HttpPrograms, Node) {
    if (!is_here("node")) GTEST_SKIP() << "node is not here";
    constexpr const char* script = R"js(
const http = require("http"), assert = require("assert");
const base = "http://" + process.argv[1];
const agent = new http.Agent({keepAlive: true, maxSockets: 1});
const ask = (path, options = {}, body = []) => new Promise((done, failed) => {
  const asked = http.request(base + path, {agent, ...options}, answer => {
    let text = "";
    answer.on("data", piece => text += piece);
    answer.on("end", () => done({status: answer.statusCode, text, reused: asked.reusedSocket}));
    answer.on("error", failed);
  });
  asked.on("error", failed);
  for (const piece of body) asked.write(piece);
  asked.end();
});
(async () => {
  assert.equal((await ask("/plain")).text, "hello");
  const again = await ask("/plain");
  assert.equal(again.text, "hello");
  assert(again.reused);
  assert((await ask("/chunks")).text.endsWith("piece 9\n"));
  assert.equal((await ask("/large")).text.length, 1000000);
  assert.equal((await ask("/echo", {method: "POST"}, ["in ", "chunks"])).text, "in chunks");
  assert.equal((await ask("/none")).status, 204);
  assert.equal((await ask("/absent")).status, 404);
  agent.destroy();
  if (globalThis.fetch) {
    assert.equal(await (await fetch(base + "/moved")).text(), "hello");
    const big = "x".repeat(900000);
    assert.equal(await (await fetch(base + "/echo", {method: "POST", body: big})).text(), big);
    assert.equal((await Promise.all([...Array(20)].map(
      async () => (await fetch(base + "/plain")).text()))).join(""), "hello".repeat(20));
  }
  console.log("fine");
  process.exit(0);
})().catch(error => { console.error(error); process.exit(1); });
)js";
    EXPECT_EQ(output_of({"node", "-e", script, "@there"}), "fine\n");
}

}  // namespace
