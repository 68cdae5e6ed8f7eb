// What a client says, and how it knows the answer.
#pragma once

#include <twill/core/config.hpp>

#include "io/wire.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI::bench {

// What the HTTP servers of the suite answer.
inline constexpr std::string_view http_answer = "Hello, World!";

// "echo": 64 bytes, which come back. "http", "https": a GET as browsers' and tools' are, answered
// by 200 and `http_answer`.
class talk {
public:
    explicit talk(std::string_view kind);

    [[nodiscard]] const tls_client* tls() const noexcept { return safe_ ? &tls_ : nullptr; }
    [[nodiscard]] std::string_view request() const noexcept { return request_; }
    // The server has one answer to all requests, at least in length: asks once, and looks at it
    // closely. Throws std::runtime_error when it is wrong.
    void learn_answer(unsigned port);
    [[nodiscard]] std::size_t answer_size() const noexcept { return size_; }
    // Whether that many bytes begin and end as they must.
    [[nodiscard]] bool fits(std::string_view answer) const noexcept {
        return answer.starts_with(begin_) && answer.ends_with(end_);
    }

private:
    bool safe_;
    tls_client tls_{};
    std::string request_{};
    std::string begin_{};
    std::string end_{};
    std::size_t size_ = 0;
};

// One connection, one request under way at a time, which it is told to send.
class client {
public:
    client(unsigned port, const talk& how) : on_(port, how.tls()), how_(&how) {}

    [[nodiscard]] wire& on() noexcept { return on_; }
    void ask() {
        got_ = 0;
        on_.send(how_->request());
    }
    // Reads what is there. Whether the answer is complete. Throws std::runtime_error when it is
    // wrong.
    bool read();
    // Asks, and waits for the answer.
    void ask_and_wait() {
        ask();
        while (!read()) {
        }
    }

private:
    wire on_;
    const talk* how_;
    std::size_t got_ = 0;
};

}  // namespace twill::inline TWILL_ABI::bench
