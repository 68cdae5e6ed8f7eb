// The errors that twill itself raises. Each says what was tried, on what, why it failed and, where
// there is one, what to do.
//
//     try {
//         co_await connect("db:5432");
//     } catch (const twill::io_error& e) {
//         // e.what(): "connect to db:5432: Connection refused"
//         if (e.code() == std::errc::connection_refused) ...
//     }
//
// Cancellation is not among them: see core/cancellation.hpp.
#pragma once

#include <twill/core/config.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace twill::inline TWILL_ABI {

// A system call or an I/O operation failed.
class TWILL_API io_error : public std::system_error {
public:
    // `operation`: what was tried, as a verb ("open", "connect to"); `object`: on what (a path, an
    // address, "fd 7"); `errno_value`: why it failed.
    io_error(std::string_view operation, std::string_view object, int errno_value);
    io_error(std::string_view operation, std::string_view object, std::error_code why);

    [[nodiscard]] const std::string& operation() const noexcept { return operation_; }
    [[nodiscard]] const std::string& object() const noexcept { return object_; }
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

protected:
    // `advice`: what to do; follows the reason.
    io_error(std::string_view operation, std::string_view object, std::error_code why,
             std::string_view advice);

private:
    std::string operation_;
    std::string object_;
    std::string message_;
};

// The kernel watches no more descriptors for this user. `code()` is ENOSPC; the message names the
// limit and what helps.
class TWILL_API too_many_watched : public io_error {
public:
    too_many_watched(std::string_view operation, std::string_view object);
};

// The stream ended before what was asked for had arrived. `received` bytes had.
class TWILL_API end_of_stream : public std::runtime_error {
public:
    end_of_stream(std::string_view operation, std::string_view object, std::size_t received);
    [[nodiscard]] std::size_t received() const noexcept { return received_; }

private:
    std::size_t received_;
};

// The library was used in a way that its documentation excludes (a nested `run`, an option out of
// its range). The message says what to do instead.
class TWILL_API usage_error : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

// A time limit of `with_timeout` or of a deadline ran out. An outer cancellation is never reported
// as this.
class TWILL_API timed_out : public std::runtime_error {
public:
    explicit timed_out(std::string_view what_was_limited);
};

}  // namespace twill::inline TWILL_ABI
