// What an HTTP message says in its head: requests as a handler sees them, header fields, and how
// targets are read.
//
//     auto wanted = x.request().query("q");                     // decoded; "" when it is not there
//     if (x.request().header("accept") == "text/event-stream") ...
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI::http {

// A header field. The value is without the white space around it.
struct field {
    std::string_view name;
    std::string_view value;
};

// Whether two names of fields are the same: ASCII letters of either case are equal.
[[nodiscard]] TWILL_API bool same_name(std::string_view a, std::string_view b) noexcept;

// What a status code is called: "Not Found". "" when it has no name.
[[nodiscard]] TWILL_API std::string_view reason(int status) noexcept;

// Replaces %XX, and with `plus_is_space` each +, by the byte that is meant; nothing when a % is not
// followed by two hexadecimal digits.
[[nodiscard]] TWILL_API std::optional<std::string> percent_decoded(std::string_view text,
                                                                   bool plus_is_space = false);

// The head of a request. What it gives out refers to the connection's buffer, and is valid until
// the handler has ended.
class TWILL_API request {
public:
    // "GET". Methods are told apart by case.
    [[nodiscard]] std::string_view method() const noexcept { return method_; }
    // As it was sent: "/find?q=a%20b".
    [[nodiscard]] std::string_view target() const noexcept { return target_; }
    // The part before the question mark, as it was sent: "/find". Of an absolute target
    // ("http://host/find") the path alone.
    [[nodiscard]] std::string_view path() const noexcept { return path_; }
    // The part behind the question mark, as it was sent; "" without.
    [[nodiscard]] std::string_view query() const noexcept { return query_; }
    // The first value in the query that is called so, decoded; "" when there is none.
    [[nodiscard]] std::string query(std::string_view name) const;
    // The same, telling an empty value from none.
    [[nodiscard]] std::optional<std::string> find_query(std::string_view name) const;

    [[nodiscard]] std::span<const field> fields() const noexcept { return fields_; }
    // The first field that is called so; "" when there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;

    // 0 or 1: HTTP/1.0 or HTTP/1.1.
    [[nodiscard]] int minor_version() const noexcept { return minor_version_; }
    // How long the body is; nothing when that shows only at its end.
    [[nodiscard]] std::optional<std::uint64_t> content_length() const noexcept {
        if (chunked_) return std::nullopt;
        return length_;
    }

    // For the library. All of it refers to memory that outlives the request.
    struct parts {
        std::string_view method;
        std::string_view target;
        int minor_version = 1;
        std::uint64_t length = 0;
        bool chunked = false;
    };
    void assign(const parts& of, std::span<const field> fields) noexcept;

private:
    std::string_view method_;
    std::string_view target_;
    std::string_view path_;
    std::string_view query_;
    std::span<const field> fields_;
    std::uint64_t length_ = 0;
    int minor_version_ = 1;
    bool chunked_ = false;
};

}  // namespace twill::inline TWILL_ABI::http
