// The HTTP server of the suite io as one writes it with Boost.Beast, by callbacks as its examples
// do: beast http THREADS.

#include "common/meter.hpp"
#include "server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>

#include <memory>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

// The hint lets the scheduler do without locks where one thread runs it.
constexpr int one_thread = BOOST_ASIO_CONCURRENCY_HINT_UNSAFE;

class session : public std::enable_shared_from_this<session> {
public:
    explicit session(tcp::socket&& socket) : stream_(std::move(socket)) {}

    void read() {
        request_ = {};
        http::async_read(stream_, buffer_, request_,
                         beast::bind_front_handler(&session::on_read, shared_from_this()));
    }

private:
    void on_read(beast::error_code error, std::size_t) {
        if (!error) write();
    }
    void write() {
        response_ = {};
        response_.version(request_.version());
        response_.result(http::status::ok);
        response_.set(http::field::server, "beast");
        response_.set(http::field::content_type, "text/plain");
        response_.keep_alive(request_.keep_alive());
        response_.body() = "Hello, World!";
        response_.prepare_payload();
        http::async_write(stream_, response_,
                          beast::bind_front_handler(&session::on_write, shared_from_this()));
    }
    void on_write(beast::error_code error, std::size_t) {
        if (!error && !response_.need_eof()) read();
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    http::request<http::string_body> request_;
    http::response<http::string_body> response_;
};

class listener {
public:
    explicit listener(asio::io_context& context)
        : context_(context), door_(context, {asio::ip::address_v4::loopback(), 0}) {}

    [[nodiscard]] unsigned port() const { return door_.local_endpoint().port(); }
    // Each connection has a strand, as its operations may be completed by any thread.
    void accept() {
        door_.async_accept(asio::make_strand(context_),
                           beast::bind_front_handler(&listener::on_accept, this));
    }

private:
    void on_accept(beast::error_code error, tcp::socket socket) {
        if (!error) {
            socket.set_option(tcp::no_delay(true));
            std::make_shared<session>(std::move(socket))->read();
        }
        accept();
    }

    asio::io_context& context_;
    tcp::acceptor door_;
};

void run_http(int threads) {
    asio::io_context context(threads == 1 ? one_thread : threads);
    listener door(context);
    print("port", door.port());
    door.accept();
    run_on_threads(context, threads);
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    return bench::server_main(argc, argv, "http", bench::run_http);
}
