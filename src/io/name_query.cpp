// c-ares has sockets of its own, as many as it likes, and says for each what it waits for. They are
// put into an epoll set of the query's, which is one descriptor for the reactor: it is readable
// when any of them is ready. A query has a channel (c-ares' word for its state) of its own: so a
// task that is cancelled ends its query alone, by the channel's end.
#ifdef TWILL_HAS_CARES

#include "io/name_query.hpp"

#include <twill/core/error.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/detail/descriptor.hpp>
#include <twill/runtime/blocking.hpp>

#include "io/readiness.hpp"

#include <ares.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <span>
#include <utility>

namespace twill::inline TWILL_ABI::detail {
namespace {

// c-ares' errors, as a category of std::error_code.
class names_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "c-ares"; }
    [[nodiscard]] std::string message(int code) const override { return ::ares_strerror(code); }
};

struct readable_call {
    io_source* source;
    until_readable operator co_await() const noexcept { return {"look up a name", *source}; }
};

class name_query {
public:
    name_query(std::string host, std::string service, std::string servers)
        : host_(std::move(host)),
          service_(std::move(service)),
          servers_(std::move(servers)),
          sockets_(::epoll_create1(EPOLL_CLOEXEC)),
          source_(sockets_.get()) {
        if (!sockets_) throw io_error("make an epoll instance to look up", host_, errno);
    }
    name_query(const name_query&) = delete;
    name_query& operator=(const name_query&) = delete;
    // An answer that is awaited comes as ARES_EDESTRUCTION, from in here.
    ~name_query() {
        if (channel_ != nullptr) ::ares_destroy(channel_);
        source_.forget();
    }

    // Reads the system's files: on the blocking pool.
    void begin() {
        static const int usable = ::ares_library_init(ARES_LIB_INIT_ALL);
        if (usable != ARES_SUCCESS) fail(usable);
        ares_options options{};
        options.sock_state_cb = &name_query::on_interest;
        options.sock_state_cb_data = this;
        check(::ares_init_options(&channel_, &options, ARES_OPT_SOCK_STATE_CB));
        if (!servers_.empty()) check(::ares_set_servers_ports_csv(channel_, servers_.c_str()));
        ares_addrinfo_hints hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        ::ares_getaddrinfo(channel_, host_.c_str(), service_.c_str(), &hints,
                           &name_query::on_answer, this);
    }

    [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }

    [[nodiscard]] readable_call until_ready() noexcept { return {&source_}; }
    // When a server is given up and the next one is asked.
    [[nodiscard]] duration patience() const noexcept {
        timeval left{};
        if (::ares_timeout(channel_, nullptr, &left) == nullptr) return std::chrono::seconds(1);
        return std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec + 1);
    }
    // Lets c-ares read what has come, and do what is due.
    void go_on() noexcept {
        std::array<epoll_event, 16> events;
        const int count = ::epoll_wait(sockets_.get(), events.data(), int(events.size()), 0);
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
            ::ares_process_fd(channel_,
                              (what & ~std::uint32_t{EPOLLOUT}) != 0 ? fd : ARES_SOCKET_BAD,
                              (what & EPOLLOUT) != 0 ? fd : ARES_SOCKET_BAD);
        }
        ::ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }

    std::vector<endpoint> take() {
        check(status_);
        return std::move(found_);
    }

private:
    static void on_interest(void* self, ares_socket_t fd, int readable, int writable) noexcept {
        const int set = static_cast<name_query*>(self)->sockets_.get();
        if (readable == 0 && writable == 0) {
            ::epoll_ctl(set, EPOLL_CTL_DEL, fd, nullptr);
            return;
        }
        epoll_event event{};
        event.events = (readable != 0 ? EPOLLIN : 0U) | (writable != 0 ? EPOLLOUT : 0U);
        event.data.fd = fd;
        if (::epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) != 0 && errno == EEXIST)
            ::epoll_ctl(set, EPOLL_CTL_MOD, fd, &event);
    }

    static void on_answer(void* self, int status, int /*timeouts*/,
                          ares_addrinfo* answer) noexcept {
        auto& query = *static_cast<name_query*>(self);
        query.status_ = status;
        query.has_ended_ = true;
        if (answer == nullptr) return;
        try {
            for (auto* each = answer->nodes; each != nullptr; each = each->ai_next) {
                if (each->ai_family != AF_INET && each->ai_family != AF_INET6) continue;
                sockaddr_storage address{};
                std::memcpy(&address, each->ai_addr, each->ai_addrlen);
                query.found_.push_back(endpoint::from(address));
            }
        } catch (const std::bad_alloc&) {
            query.status_ = ARES_ENOMEM;
        }
        ::ares_freeaddrinfo(answer);
    }

    [[noreturn]] void fail(int status) const {
        static const names_category category;
        throw io_error("look up", host_ + " (service " + service_ + ")",
                       std::error_code(status, category));
    }
    void check(int status) const {
        if (status != ARES_SUCCESS) fail(status);
    }

    std::string host_;
    std::string service_;
    std::string servers_;
    descriptor sockets_;
    io_source source_;
    ares_channel channel_ = nullptr;
    std::vector<endpoint> found_;
    int status_ = ARES_SUCCESS;
    bool has_ended_ = false;
};

}  // namespace

task<std::vector<endpoint>> ask_name_servers(std::string host, std::string service,
                                             std::string servers) {
    name_query query(std::move(host), std::move(service), std::move(servers));
    co_await blocking([&] { query.begin(); });
    while (!query.has_ended()) {
        try {
            co_await with_timeout(query.patience(), query.until_ready());
        } catch (const timed_out&) {
            // The next server's turn.
        }
        query.go_on();
    }
    co_return query.take();
}

}  // namespace twill::inline TWILL_ABI::detail

#endif
