#include <twill/net/tls.hpp>

#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/core/when_all.hpp>
#include <twill/io/detail/find_program.hpp>
#include <twill/io/process.hpp>
#include <twill/net/http_client.hpp>

#include "certificates.hpp"
#include "http.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::any_stream;
using twill::task;
namespace tls = twill::tls;

tls::server_options as(const certificates::files& who) {
    return {.certificate_file = who.certificate, .key_file = who.key};
}

struct tls_pair {
    std::optional<tls::stream> client;
    std::optional<tls::stream> server;
    std::string client_failure;
    std::string server_failure;
};

// Shakes hands over a connection of the kernel's.
task<> shake(tls_pair& made, const tls::client_context& trust, const tls::server_context& identity,
             std::string host) {
    auto [below_client, below_server] = co_await connected();
    const auto as_client = [&]() -> task<> {
        try {
            made.client.emplace(
                co_await tls::connect(any_stream(std::move(below_client)), trust, host));
        } catch (const tls::error& failure) {
            made.client_failure = failure.what();
        }
    };
    const auto as_server = [&]() -> task<> {
        try {
            made.server.emplace(
                co_await tls::accept(any_stream(std::move(below_server)), identity));
        } catch (const tls::error& failure) {
            made.server_failure = failure.what();
        }
    };
    co_await twill::when_all(as_client(), as_server());
}

TEST(Tls, CarriesMegabytesBothWaysAtOnce) {
    tls_ends ends("DNS:localhost");
    const auto text = pattern(3 << 20);
    in_runtime([&]() -> task<> {
        tls_pair made;
        co_await shake(made, ends.trust, ends.identity, "localhost");
        if (!made.client || !made.server)
            throw std::runtime_error(made.client_failure + made.server_failure);
        EXPECT_EQ(made.client->version(), "TLSv1.3");
        EXPECT_EQ(made.client->peer_subject(), "CN = server");
        EXPECT_EQ(made.server->peer_subject(), "");
        const auto write = [&](tls::stream& to) -> task<> {
            co_await to.write_all(text);
            co_await to.shutdown_write();
        };
        std::string at_server;
        std::string at_client;
        const auto read = [](tls::stream& from, std::string& into) -> task<> {
            into = co_await read_to_end(from);
        };
        co_await twill::when_all(write(*made.client), write(*made.server),
                                 read(*made.client, at_client), read(*made.server, at_server));
        EXPECT_TRUE(at_server == text);
        EXPECT_TRUE(at_client == text);
    });
}

TEST(Tls, AClientTrustsNobodyElse) {
    certificates all;
    certificates others;
    const auto server = all.make("server", "DNS:localhost,DNS:*.example.org,IP:127.0.0.1");
    const auto old = all.make("old", "DNS:localhost", -60);
    const auto foreign = others.make("foreign", "DNS:localhost");
    const auto failure = [&](const certificates::files& who, std::string host) {
        tls::server_context identity(as(who));
        tls::client_context trust({.trust_file = all.root()});
        tls_pair made;
        in_runtime([&]() -> task<> { co_await shake(made, trust, identity, host); });
        EXPECT_EQ(made.client.has_value(), made.client_failure.empty());
        return made.client_failure;
    };
    EXPECT_EQ(failure(server, "localhost"), "");
    EXPECT_EQ(failure(server, "127.0.0.1"), "");
    EXPECT_EQ(failure(server, "a.example.org"), "");
    EXPECT_EQ(failure(server, "example.org"),
              "TLS: the handshake with example.org: hostname mismatch");
    EXPECT_EQ(failure(server, "127.0.0.2"),
              "TLS: the handshake with 127.0.0.2: IP address mismatch");
    EXPECT_EQ(failure(old, "localhost"),
              "TLS: the handshake with localhost: certificate has expired");
    EXPECT_EQ(failure(foreign, "localhost"),
              "TLS: the handshake with localhost: unable to get local issuer certificate");
    EXPECT_EQ(failure(server, ""), "TLS: \"\" is no name of a host");
}

TEST(Tls, TheSystemsRootsAreTrustedByDefault) {
    certificates all;
    tls::server_context identity(as(all.make("server", "DNS:localhost")));
    tls::client_context trust;
    tls_pair made;
    in_runtime([&]() -> task<> { co_await shake(made, trust, identity, "localhost"); });
    EXPECT_EQ(made.client_failure,
              "TLS: the handshake with localhost: unable to get local issuer certificate");
}

TEST(Tls, ASessionIsResumedAlsoAfterAReload) {
    certificates all;
    const auto first = all.make("first", "DNS:localhost");
    tls::server_context identity(as(first));
    tls::client_context trust({.trust_file = all.root()});
    in_runtime([&]() -> task<> {
        const auto visit = [&]() -> task<std::pair<bool, std::string>> {
            tls_pair made;
            co_await shake(made, trust, identity, "localhost");
            if (!made.client || !made.server) throw std::runtime_error(made.client_failure);
            // The ticket comes with the first bytes.
            co_await made.server->write_all("x");
            std::byte one[1];
            co_await made.client->read_some(one);
            EXPECT_EQ(made.client->resumed(), made.server->resumed());
            co_return std::pair(made.client->resumed(), made.client->peer_subject());
        };
        EXPECT_EQ(co_await visit(), std::pair(false, std::string("CN = first")));
        EXPECT_TRUE((co_await visit()).first);
        certificates::replace(first, all.make("second", "DNS:localhost"));
        identity.reload();
        EXPECT_TRUE((co_await visit()).first);
        tls::client_context fresh({.trust_file = all.root()});
        tls_pair made;
        co_await shake(made, fresh, identity, "localhost");
        EXPECT_EQ(made.client->peer_subject(), "CN = second");
    });
}

TEST(Tls, AReloadThatFailsChangesNothing) {
    certificates all;
    const auto server = all.make("server", "DNS:localhost");
    tls::server_context identity(as(server));
    const auto other = all.make("other", "DNS:localhost");
    fs::copy_file(other.key, server.key, fs::copy_options::overwrite_existing);
    EXPECT_THROW(identity.reload(), tls::error);
    tls::client_context trust({.trust_file = all.root()});
    tls_pair made;
    in_runtime([&]() -> task<> { co_await shake(made, trust, identity, "localhost"); });
    EXPECT_EQ(made.client_failure, "");
}

TEST(Tls, AgreesOnAProtocol) {
    certificates all;
    auto options = as(all.make("server", "DNS:localhost"));
    options.protocols = {"http/1.1", "echo"};
    tls::server_context identity(options);
    const auto agreed = [&](std::vector<std::string> offered) {
        tls::client_context trust({.trust_file = all.root(), .protocols = std::move(offered)});
        tls_pair made;
        in_runtime([&]() -> task<> { co_await shake(made, trust, identity, "localhost"); });
        return made.client ? made.client->protocol() : "refused";
    };
    EXPECT_EQ(agreed({"echo", "http/1.1"}), "http/1.1");
    EXPECT_EQ(agreed({"echo"}), "echo");
    EXPECT_EQ(agreed({}), "");
    EXPECT_EQ(agreed({"gopher"}), "refused");
}

TEST(Tls, AServerMayAskForCertificates) {
    certificates all;
    certificates others;
    auto options = as(all.make("server", "DNS:localhost"));
    options.client_trust_file = all.root();
    tls::server_context identity(options);
    const auto ada = all.make("ada", "");
    const auto eve = others.make("eve", "");
    const auto seen = [&](const tls::client_options& who) {
        tls::client_context trust(who);
        tls_pair made;
        in_runtime([&]() -> task<> { co_await shake(made, trust, identity, "localhost"); });
        return made.server ? made.server->peer_subject() : made.server_failure;
    };
    EXPECT_EQ(
        seen({.trust_file = all.root(), .certificate_file = ada.certificate, .key_file = ada.key}),
        "CN = ada");
    EXPECT_EQ(seen({.trust_file = all.root()}),
              "TLS: the handshake: peer did not return a certificate");
    EXPECT_EQ(
        seen({.trust_file = all.root(), .certificate_file = eve.certificate, .key_file = eve.key}),
        "TLS: the handshake: unable to get local issuer certificate");
}

// Its session must not outlive the trust in its certificate.
TEST(Tls, AClientThatIsTrustedNoLongerDoesNotResumeItsSession) {
    certificates all;
    certificates others;
    auto options = as(all.make("server", "DNS:localhost"));
    const temporary_directory folder;
    options.client_trust_file = folder.path() + "/clients.pem";
    fs::copy_file(all.root(), options.client_trust_file);
    tls::server_context identity(options);
    const auto ada = all.make("ada", "");
    tls::client_context trust(
        {.trust_file = all.root(), .certificate_file = ada.certificate, .key_file = ada.key});
    in_runtime([&]() -> task<> {
        const auto visit = [&]() -> task<std::string> {
            tls_pair made;
            co_await shake(made, trust, identity, "localhost");
            if (!made.server) co_return made.server_failure;
            co_await made.server->write_all("x");
            std::byte one[1];
            co_await made.client->read_some(one);
            co_return made.server->resumed() ? "resumed" : "new";
        };
        EXPECT_EQ(co_await visit(), "new");
        EXPECT_EQ(co_await visit(), "resumed");
        fs::copy_file(others.root(), options.client_trust_file,
                      fs::copy_options::overwrite_existing);
        identity.reload();
        const auto refused = co_await visit();
        EXPECT_TRUE(refused.starts_with("TLS: the handshake: ")) << refused;
    });
}

TEST(Tls, AStreamThatIsCutOffHasNotEnded) {
    tls_ends ends("DNS:localhost");
    in_runtime([&]() -> task<> {
        for (const bool says_so : {true, false}) {
            tls_pair made;
            co_await shake(made, ends.trust, ends.identity, "localhost");
            co_await made.server->write_all("all of it");
            if (says_so) co_await made.server->shutdown_write();
            made.server.reset();
            EXPECT_EQ(co_await read_until(*made.client, "it"), "all of it");
            std::byte one[1];
            if (says_so) {
                EXPECT_EQ(co_await made.client->read_some(one), 0U);
            } else {
                EXPECT_TRUE(co_await throws<tls::truncated>(made.client->read_some(one)));
            }
        }
    });
}

TEST(Tls, WhatIsNoTlsIsRefused) {
    tls_ends ends("DNS:localhost");
    in_runtime([&]() -> task<> {
        auto [plain, other] = co_await connected();
        co_await plain.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_TRUE(
            co_await throws<tls::error>(tls::accept(any_stream(std::move(other)), ends.identity)));
        auto [client, server] = co_await connected();
        co_await server.write_all("220 mail.example.org ESMTP\r\n");
        EXPECT_TRUE(co_await throws<tls::error>(
            tls::connect(any_stream(std::move(client)), ends.trust, "localhost")));
    });
}

template <class Use>
std::string complaint(Use use) {
    try {
        use();
    } catch (const tls::error& failure) {
        return failure.what();
    }
    return "none";
}

TEST(Tls, FilesThatCannotBeUsedAreToldAtOnce) {
    certificates all;
    const auto server = all.make("server", "");
    const auto other = all.make("other", "");
    const auto told = [](std::string certificate, std::string key) {
        return complaint(
            [&] { tls::server_context({.certificate_file = certificate, .key_file = key}); });
    };
    EXPECT_EQ(told("/absent", server.key),
              "TLS: use the certificate in /absent: No such file or directory");
    EXPECT_EQ(told(server.certificate, "/absent"),
              "TLS: use the key in /absent: No such file or directory");
    EXPECT_EQ(told("", ""),
              "TLS: a certificate and its key are needed: certificate_file, key_file");
    EXPECT_TRUE(has(told(server.certificate, other.key), "key values mismatch"));
    EXPECT_EQ(complaint([] { tls::client_context({.trust_file = "/absent"}); }),
              "TLS: use the certificates in /absent: No such file or directory");
}

// OpenSSL would ask on the terminal.
TEST(Tls, AKeyWithAPasswordIsToldAtOnceAndNobodyIsAsked) {
    certificates all;
    const auto server = all.make("server", "DNS:localhost");
    tls::server_context identity(as(server));
    certificates::encipher(server, "secret");
    const auto wanted = "TLS: the key in " + server.key + " has a password";
    EXPECT_TRUE(complaint([&] { tls::server_context again(as(server)); }).starts_with(wanted));
    EXPECT_TRUE(complaint([&] { identity.reload(); }).starts_with(wanted));
    EXPECT_TRUE(complaint([&] {
                    tls::client_context client(
                        {.certificate_file = server.certificate, .key_file = server.key});
                }).starts_with(wanted));
    // It goes on with what it had.
    tls::client_context trust({.trust_file = all.root()});
    tls_pair made;
    in_runtime([&]() -> task<> { co_await shake(made, trust, identity, "localhost"); });
    EXPECT_EQ(made.client_failure, "");
}

TEST(Tls, AHandshakeCanBeCancelled) {
    certificates all;
    tls::client_context trust({.trust_file = all.root()});
    in_runtime([&]() -> task<> {
        auto [client, silent] = co_await connected();
        EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(
            10ms, tls::connect(any_stream(std::move(client)), trust, "localhost"))));
    });
}

TEST(Tls, HttpRunsOverIt) {
    tls_ends ends;
    const auto text = pattern(300'000);
    const auto answer = [&](twill::http::exchange& x) -> task<> {
        EXPECT_TRUE(x.peer().starts_with("127.0.0.1:")) << x.peer();
        co_await x.respond(200, x.request().path() == "/large" ? text : co_await x.text());
    };
    beside_server({.tls = &ends.identity}, answer, [&](twill::endpoint there) -> task<> {
        twill::http::client web({.tls = &ends.trust});
        const auto at = "https://" + there.to_string();
        {
            auto got = co_await web.get(at + "/large");
            EXPECT_TRUE(co_await got.text() == text);
        }
        twill::http::client_request what{.method = "POST", .url = at + "/", .content = text};
        auto got = co_await web.send(std::move(what));
        EXPECT_TRUE(co_await got.text() == text);
        // Who speaks no TLS gets nothing, and does no harm.
        EXPECT_FALSE(has(co_await ask(there, get("/")), "HTTP/1.1"));
        twill::http::client wary;
        EXPECT_TRUE(co_await throws<tls::error>(wary.get(at + "/")));
    });
}

TEST(Tls, WhoDoesNotShakeHandsHoldsUpNoServerThatEnds) {
    tls_ends ends;
    const auto answer = [](twill::http::exchange& x) -> task<> { co_await x.respond(200); };
    std::optional<twill::tcp_stream> silent;
    beside_server({.tls = &ends.identity, .connection = {.head_limit = 1h}, .drain_limit = 20ms},
                  answer, [&](twill::endpoint there) -> task<> {
                      silent = co_await twill::connect(there);
                      // The server has the connection when it has another one that came later.
                      twill::http::client web({.tls = &ends.trust});
                      static_cast<void>(co_await web.get("https://" + there.to_string() + "/"));
                  });
}

TEST(Tls, AHandshakeHasAsLongAsAHead) {
    tls_ends ends;
    const auto answer = [](twill::http::exchange& x) -> task<> { co_await x.respond(200); };
    beside_server({.tls = &ends.identity, .connection = {.head_limit = 30ms}}, answer,
                  [](twill::endpoint there) -> task<> { EXPECT_EQ(co_await ask(there, ""), ""); });
}

// Other people's programs.

bool is_here(const char* program) { return twill::detail::find_program(program).error == 0; }

TEST(Tls, CurlReadsFromTheServer) {
    if (!is_here("curl")) GTEST_SKIP() << "curl is not here";
    tls_ends ends;
    const auto answer = [](twill::http::exchange& x) -> task<> {
        co_await x.respond(200, "hello curl");
    };
    beside_server({.tls = &ends.identity}, answer, [&](twill::endpoint there) -> task<> {
        twill::command curl{.arguments = {"curl", "-sS", "--cacert", ends.all.root(),
                                          "https://" + there.to_string() + "/"}};
        const auto said = co_await twill::run_process(std::move(curl));
        EXPECT_EQ(said.out, "hello curl") << said.err;
    });
}

TEST(Tls, OpensslsClientReadsFromTheServer) {
    if (!is_here("openssl")) GTEST_SKIP() << "openssl is not here";
    certificates all;
    auto options = as(all.make("server", "IP:127.0.0.1"));
    options.client_trust_file = all.root();
    tls::server_context identity(options);
    const auto ada = all.make("ada", "");
    const auto answer = [](twill::http::exchange& x) -> task<> {
        co_await x.respond(200, "hello openssl");
    };
    beside_server({.tls = &identity}, answer, [&](twill::endpoint there) -> task<> {
        for (const char* version : {"-tls1_2", "-tls1_3", "-tls1_1"}) {
            twill::command client{.arguments = {"openssl", "s_client", "-connect",
                                                there.to_string(), "-CAfile", all.root(),
                                                "-verify_return_error", "-quiet", "-cert",
                                                ada.certificate, "-key", ada.key, version}};
            const auto said =
                co_await twill::run_process(std::move(client), {.input = get_last("/")});
            const bool may = std::string_view(version) != "-tls1_1";
            EXPECT_EQ(has(said.out, "hello openssl"), may) << version << said.err;
        }
    });
}

TEST(Tls, TheClientTalksToOpensslsServer) {
    if (!is_here("openssl")) GTEST_SKIP() << "openssl is not here";
    certificates all;
    const auto server = all.make("server", "DNS:localhost");
    tls::client_context trust({.trust_file = all.root()});
    in_runtime([&]() -> task<> {
        // It sends each line back, the last letter first.
        twill::command command{
            .arguments = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
                          server.certificate, "-key", server.key, "-rev"},
            .out = twill::stdio::pipe(),
            .err = twill::stdio::null()};
        auto running = twill::process::start(command);
        const auto said = co_await read_until(running.out(), "\n");
        const auto line =
            said.starts_with("ACCEPT") ? said : co_await read_until(running.out(), "\n");
        const auto there = line.substr(line.find(' ') + 1, line.size() - line.find(' ') - 2);
        auto below = co_await twill::connect(twill::endpoint::parse(there));
        {
            auto safe = co_await tls::connect(any_stream(std::move(below)), trust, "localhost");
            co_await safe.write_all("drawer\n");
            EXPECT_EQ(co_await read_until(safe, "\n"), "reward\n");
            co_await safe.shutdown_write();
            std::byte one[1];
            EXPECT_EQ(co_await safe.read_some(one), 0U);
        }
        co_await running.terminate();
    });
}

}  // namespace
