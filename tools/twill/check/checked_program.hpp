// A program under check: a process with the check library in it, which waits before main and makes
// a run for each schedule that it is asked for.
#pragma once

#include <twill/check/protocol.hpp>
#include <twill/core/time.hpp>

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace twill_command::check {

namespace protocol = twill::check;

struct start_failure {
    std::string why;
};

class checked_program {
public:
    // Starts it and waits until it is ready. Throws start_failure: the program cannot be executed,
    // or the library does not come into it, or all that takes longer than `patience`.
    checked_program(const std::vector<std::string>& words, const std::string& library,
                    twill::duration patience = std::chrono::seconds(60));
    // Ends it.
    ~checked_program();
    checked_program(const checked_program&) = delete;
    checked_program& operator=(const checked_program&) = delete;

    [[nodiscard]] protocol::session& session() noexcept { return *session_; }
    // Its socket: readable when an answer is there, or when it has died.
    [[nodiscard]] int socket() const noexcept { return socket_; }

    void ask(const protocol::request& what);
    // Waits for the answer. Nothing: it has died.
    std::optional<protocol::answer> take_answer();

    // What the last run wrote to its standard output and error, at most the last `bytes` of it.
    [[nodiscard]] std::string output(std::size_t bytes) const;

private:
    // False: it ended before it was ready. `bind_now`: all its symbols are bound before main, so
    // that not each run does it.
    bool start(const std::vector<std::string>& words, const std::string& library, bool bind_now);
    void stop();
    void become(const std::vector<std::string>& words, const std::string& library, int socket,
                int report) const;

    twill::duration patience_;
    pid_t pid_ = -1;
    int socket_ = -1;
    int memory_ = -1;
    int output_ = -1;
    protocol::session* session_ = nullptr;
};

// Where libtwill_check.so is: TWILL_CHECK_LIBRARY, else beside this program. Throws start_failure.
std::string find_check_library();

}  // namespace twill_command::check
