#include "http_pool.hpp"

#include "http_text.hpp"

#include <twill/async/manual_reset_event.hpp>
#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/tcp.hpp>
#include <twill/io/unix_socket.hpp>
#include <twill/net/http_client.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>

namespace twill::inline TWILL_ABI {

namespace detail {
namespace {

constexpr std::size_t piece_size = 16384;
// What is left of a redirect's content is read for so long; then its connection is closed.
constexpr auto drop_limit = std::chrono::seconds(1);
// Notes (1xx) that a server may send before a response.
constexpr int most_notes = 16;

// A request, ready to be sent any number of times.
struct http_asking {
    http::url there;
    std::string method;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string content;
    std::function<task<std::size_t>(std::span<std::byte>)> source;
    std::optional<std::uint64_t> length;

    [[nodiscard]] bool is_harmless_twice() const noexcept {
        constexpr std::array harmless = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"};
        return !source && std::ranges::find(harmless, method) != harmless.end();
    }
};

void check_fields(const http_asking& what) {
    if (!is_http_token(what.method))
        throw usage_error("\"" + what.method + "\" is no method of HTTP");
    // A tunnel is no response.
    if (what.method == "CONNECT") throw usage_error("the client makes no tunnels (CONNECT)");
    for (const auto& [name, value] : what.fields) {
        if (!is_http_token(name) || !is_http_value(value))
            throw usage_error("\"" + name +
                              "\" is no name of a field, or its value has a control character");
        for (const std::string_view own :
             {"Host", "Content-Length", "Transfer-Encoding", "Connection"})
            if (http::same_name(name, own))
                throw usage_error("the field " + std::string(own) + " is set by the client");
    }
}

// `pool` is kept, because it may have made whom to trust.
task<any_stream> connect_to(http::url there, std::shared_ptr<http_pool> pool) {
    any_stream plain;
    if (const auto& local = pool->options.unix_socket; !local.empty())
        plain = any_stream(co_await connect(unix_address::path(local)));
    else
        plain = any_stream(co_await connect(there.host, std::to_string(there.port)));
    if (!there.secure) co_return plain;
    const auto* const trust = co_await pool->trust();
    co_return any_stream(co_await tls::connect(std::move(plain), *trust, there.host));
}

std::string head_of(const http_asking& what, const std::string& user_agent) {
    std::string text = what.method + ' ' + what.there.target +
                       " HTTP/1.1\r\nHost: " + what.there.authority() + "\r\n";
    bool has_agent = user_agent.empty();
    for (const auto& [name, value] : what.fields) {
        text.append(name).append(": ").append(value).append("\r\n");
        has_agent = has_agent || http::same_name(name, "User-Agent");
    }
    if (!has_agent) text.append("User-Agent: ").append(user_agent).append("\r\n");
    const bool usually_has_content =
        what.method == "POST" || what.method == "PUT" || what.method == "PATCH";
    if (what.source && !what.length)
        text += "Transfer-Encoding: chunked\r\n";
    else if (what.source)
        text.append("Content-Length: ").append(std::to_string(*what.length)).append("\r\n");
    else if (!what.content.empty() || usually_has_content)
        text.append("Content-Length: ").append(std::to_string(what.content.size())).append("\r\n");
    return text + "\r\n";
}

}  // namespace

// One request and its response, on a connection of its own meanwhile.
class http_exchange_of_client {
public:
    http_exchange_of_client(std::shared_ptr<http_pool> pool, http::url there)
        : there_(std::move(there)), pool_(std::move(pool)), host_(&pool_->enter(there_)) {}
    ~http_exchange_of_client();
    http_exchange_of_client(const http_exchange_of_client&) = delete;
    http_exchange_of_client& operator=(const http_exchange_of_client&) = delete;

    // Gets a connection, a kept one if `may_reuse`.
    [[nodiscard]] task<> open(bool may_reuse);
    [[nodiscard]] task<> send(const http_asking& what);
    [[nodiscard]] task<std::size_t> read_some(std::span<std::byte> into);
    // Reads what little may be left of the content, so that the connection can be kept.
    [[nodiscard]] task<> drop_content();

    [[nodiscard]] bool reused() const noexcept { return reused_; }
    // Whether any byte of the response came.
    [[nodiscard]] bool answered() const noexcept { return answered_; }
    [[nodiscard]] const http_head& head() const noexcept { return head_; }
    [[nodiscard]] const http::url& there() const noexcept { return there_; }

private:
    [[nodiscard]] task<> write(std::string_view text);
    [[nodiscard]] task<> write_source(const http_asking& what, std::string head);
    [[nodiscard]] task<> write_all_of(std::string text);
    [[nodiscard]] task<> write_request(const http_asking& what);
    [[nodiscard]] task<> read_head(bool no_content);

    http::url there_;
    std::shared_ptr<http_pool> pool_;
    http_host* host_;
    semaphore_permit permit_;
    std::unique_ptr<http_link> link_;
    http_head head_;
    bool reused_ = false;
    bool answered_ = false;
    bool ended_ = false;     // by the end of the connection, as was announced
    bool in_order_ = false;  // the head came, and nothing was wrong since
};

task<> http_exchange_of_client::open(bool may_reuse) {
    permit_ = co_await host_->slots.acquire();
    if (may_reuse) link_ = pool_->take(*host_);
    reused_ = link_ != nullptr;
    if (reused_) co_return;
    const auto& options = pool_->options;
    auto connecting = options.connect ? options.connect(there_) : connect_to(there_, pool_);
    link_ = std::make_unique<http_link>(
        co_await with_timeout(options.connect_limit, std::move(connecting)), pool_->limits());
}

// The connection is kept when all is in order and the response was read to its end.
http_exchange_of_client::~http_exchange_of_client() {
    if (link_ && in_order_ && head_.keep_alive && !link_->in.has_content()) {
        link_->in.next();
        pool_->keep(*host_, std::move(link_));
    }
    link_.reset();
    permit_.release();  // belongs to the host
    pool_->leave(*host_);
}

task<> http_exchange_of_client::write(std::string_view text) {
    const duration limit = pool_->options.stall_limit;
    byte_stream* const raw = link_->stream.kernel();
    while (!text.empty()) {
        if (raw != nullptr) {
            text.remove_prefix(
                co_await with_timeout(limit, raw->write_some(std::as_bytes(std::span(text)))));
        } else {
            const auto piece = text.substr(0, 4 * piece_size);
            co_await with_timeout(limit, link_->stream.write_all(piece));
            text.remove_prefix(piece.size());
        }
    }
}

task<> http_exchange_of_client::write_source(const http_asking& what, std::string head) {
    std::string text = std::move(head);
    std::string piece(piece_size, '\0');
    std::uint64_t left = what.length.value_or(0);
    for (;;) {
        const std::size_t got = co_await what.source(std::as_writable_bytes(std::span(piece)));
        const auto content = std::string_view(piece).substr(0, got);
        if (what.length) {
            if (got > left || (got == 0 && left != 0))
                throw usage_error("the content is not as long as was announced");
            left -= got;
            text += content;
        } else if (got != 0) {
            append_chunk(text, content);
        } else {
            text += http_last_chunk;
        }
        co_await write(text);
        text.clear();
        if (got == 0) co_return;
    }
}

task<> http_exchange_of_client::write_request(const http_asking& what) {
    auto head = head_of(what, pool_->options.user_agent);
    if (what.source) return write_source(what, std::move(head));
    head += what.content;
    return write_all_of(std::move(head));
}

task<> http_exchange_of_client::write_all_of(std::string text) { co_await write(text); }

// Reads while it writes: a server may answer before it has all of the content. If it wants no more,
// no more is sent; otherwise the rest is, and the response's content waits for that.
task<> http_exchange_of_client::send(const http_asking& what) {
    const bool no_content = what.method == "HEAD";
    bool is_sent = false;
    std::exception_ptr failure;
    const auto write_it = [&]() -> task<> {
        try {
            co_await write_request(what);
            is_sent = true;
        } catch (const io_error&) {
            // A server that has answered may have closed its input: its answer is there to be read.
            failure = std::current_exception();
        }
    };
    try {
        if (!what.source && what.content.size() <= piece_size) {
            co_await write_it();
            co_await with_timeout(pool_->options.head_limit, read_head(no_content));
        } else {
            manual_reset_event has_head;
            co_await scope([&](scope_ref s) -> task<> {
                s.spawn([&, s]() -> task<> {
                    co_await read_head(no_content);
                    has_head.set();
                    if (!is_sent && head_.status >= 300) s.cancel();
                });
                co_await write_it();
                co_await with_timeout(pool_->options.head_limit, has_head.wait());
            });
        }
    } catch (const std::runtime_error&) {
        if (failure && !answered_) std::rethrow_exception(failure);
        throw;
    }
    in_order_ = is_sent && !failure;
}

task<> http_exchange_of_client::read_head(bool no_content) {
    for (int notes = 0; notes < most_notes; ++notes) {
        http_refusal wrong;
        while (!link_->in.head(head_, wrong, no_content)) {
            if (wrong)
                throw http::bad_response("the response of " + there_.authority() + ": " +
                                         wrong.why);
            const std::size_t got = co_await link_->stream.read_some(link_->in.room_for_head());
            if (got == 0)
                throw http::bad_response(there_.authority() +
                                         " closed the connection before it had answered");
            answered_ = true;
            link_->in.came(got);
        }
        if (head_.status >= 200) co_return;
        if (head_.status == 101)
            throw http::bad_response(there_.authority() + " wants to speak another protocol");
        link_->in.another_head();
    }
    throw http::bad_response(there_.authority() + " sends notes and no response");
}

task<std::size_t> http_exchange_of_client::read_some(std::span<std::byte> into) {
    if (into.empty() || ended_) co_return 0;
    for (;;) {
        http_refusal wrong;
        if (const auto taken = link_->in.take(into, wrong)) co_return *taken;
        if (wrong) {
            in_order_ = false;
            throw http::bad_response("the content from " + there_.authority() + ": " + wrong.why);
        }
        const auto room = link_->in.room_for_content(into);
        const std::size_t got =
            co_await with_timeout(pool_->options.stall_limit, link_->stream.read_some(room));
        if (got == 0) {
            in_order_ = false;
            ended_ = head_.until_end;
            if (ended_) co_return 0;
            throw http::bad_response(there_.authority() +
                                     " closed the connection within the content");
        }
        if (const std::size_t straight = link_->in.content_came(got)) co_return straight;
    }
}

task<> http_exchange_of_client::drop_content() {
    std::byte dropped[1024];
    std::size_t most = 64;
    while (most-- > 0 && co_await read_some(dropped) != 0) {
    }
}

namespace {

// Sends it, again if that can do no harm; gives the first response.
task<std::unique_ptr<http_exchange_of_client>> ask(std::shared_ptr<http_pool> pool,
                                                   const http_asking& what) {
    unsigned retries = what.is_harmless_twice() ? pool->options.retries : 0;
    for (bool may_reuse = true;; may_reuse = false) {
        auto exchange = std::make_unique<http_exchange_of_client>(pool, what.there);
        std::exception_ptr failure;
        try {
            co_await exchange->open(may_reuse);
            co_await exchange->send(what);
            co_return exchange;
        } catch (const timed_out&) {
            throw;
        } catch (const std::runtime_error&) {
            failure = std::current_exception();
        }
        if (exchange->answered()) std::rethrow_exception(failure);
        // One that was kept may have been closed meanwhile; so may be the others that are kept.
        if (exchange->reused() && what.is_harmless_twice()) continue;
        if (retries == 0) std::rethrow_exception(failure);
        --retries;
    }
}

bool is_redirect(int status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Turns it into the request that `answer` asks for. False: it is not to be followed.
bool redirect(http_asking& what, const http_head& answer, std::string_view location) {
    const auto there = what.there.resolve(location);
    if (!there || (what.there.secure && !there->secure)) return false;
    const bool same_request = answer.status == 307 || answer.status == 308;
    if (what.source && answer.status != 303) return false;
    if (!same_request && what.method != "HEAD" && (answer.status == 303 || what.method == "POST")) {
        what.method = "GET";
        what.content.clear();
        what.source = nullptr;
        what.length.reset();
        std::erase_if(what.fields, [](const auto& each) {
            return each.first.size() > 8 && http::same_name(each.first.substr(0, 8), "Content-");
        });
    }
    if (there->host != what.there.host || there->port != what.there.port)
        std::erase_if(what.fields, [](const auto& each) {
            return http::same_name(each.first, "Authorization") ||
                   http::same_name(each.first, "Cookie");
        });
    what.there = *there;
    return true;
}

std::string_view find_field(const http_head& head, std::string_view name) noexcept {
    for (const auto& each : head.fields)
        if (http::same_name(each.name, name)) return each.value;
    return {};
}

}  // namespace

}  // namespace detail

namespace http {

response::response(std::unique_ptr<detail::http_exchange_of_client> of) noexcept
    : of_(std::move(of)) {}
response::response(response&&) noexcept = default;
response& response::operator=(response&&) noexcept = default;
response::~response() = default;

int response::status() const noexcept { return of_->head().status; }
std::span<const field> response::fields() const noexcept { return of_->head().fields; }
std::string_view response::header(std::string_view name) const noexcept {
    return detail::find_field(of_->head(), name);
}
const http::url& response::url() const noexcept { return of_->there(); }
std::optional<std::uint64_t> response::content_length() const noexcept {
    if (!of_->head().has_length) return std::nullopt;
    return of_->head().length;
}

task<std::size_t> response::read_some(std::span<std::byte> into) { return of_->read_some(into); }

task<std::string> response::text(std::size_t limit) {
    std::string all;
    for (;;) {
        const std::size_t before = all.size();
        all.resize(before + std::clamp<std::size_t>(before, detail::piece_size, 1 << 20));
        const std::size_t got =
            co_await of_->read_some(std::as_writable_bytes(std::span(all)).subspan(before));
        all.resize(before + got);
        if (got == 0) co_return all;
        if (all.size() > limit)
            throw bad_response("the content from " + url().authority() + " is longer than " +
                               std::to_string(limit) + " bytes");
    }
}

client::client(client_options options)
    : pool_(std::make_shared<detail::http_pool>(std::move(options))) {
    if (!detail::is_http_value(pool_->options.user_agent))
        throw usage_error("the user agent of a client has a control character");
}
client::~client() = default;

std::size_t client::idle_connections() const noexcept { return pool_->idle(); }

task<response> client::get(std::string url) { return send({.url = std::move(url)}); }

task<response> client::send(client_request what) {
    auto there = http::url::parse(what.url);
    if (!there) throw usage_error("\"" + what.url + "\" is no address of http or https");
    detail::http_asking asking{.there = std::move(*there),
                               .method = std::move(what.method),
                               .fields = std::move(what.fields),
                               .content = std::move(what.content),
                               .source = std::move(what.content_source),
                               .length = what.content_length};
    detail::check_fields(asking);
    for (unsigned followed = 0;; ++followed) {
        auto exchange = co_await detail::ask(pool_, asking);
        const auto& head = exchange->head();
        const std::string location(detail::find_field(head, "Location"));
        if (pool_->options.max_redirects == 0 || !detail::is_redirect(head.status) ||
            location.empty() || !detail::redirect(asking, head, location))
            co_return response(std::move(exchange));
        if (followed == pool_->options.max_redirects)
            throw bad_response("more than " + std::to_string(followed) +
                               " redirects, the last to " + asking.there.to_string());
        try {
            co_await with_timeout(detail::drop_limit, exchange->drop_content());
        } catch (const std::runtime_error&) {
            // Nobody wants it: its connection is closed instead.
        }
    }
}

}  // namespace http

}  // namespace twill::inline TWILL_ABI
