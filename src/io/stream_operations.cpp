#include <twill/core/error.hpp>
#include <twill/io/detail/stream_operations.hpp>

#include <cerrno>
#include <string>

namespace twill::inline TWILL_ABI::detail {
namespace {

std::string named(const io_source& source) { return "fd " + std::to_string(source.fd); }

void throw_if_failed(const io_request& what, const char* verb) {
    if (what.result < 0) throw io_error(verb, named(what.source()), static_cast<int>(-what.result));
}

}  // namespace

std::size_t read_operation::await_resume() const {
    if (progress_ != nullptr) *progress_ = moved;
    throw_if_cancelled();
    throw_if_failed(*this, "read from");
    if (whole() && moved < size()) throw end_of_stream("read from", named(source()), moved);
    return moved;
}

std::size_t write_operation::await_resume() const {
    if (progress_ != nullptr) *progress_ = moved;
    throw_if_cancelled();
    throw_if_failed(*this, "write to");
    return moved;
}

}  // namespace twill::inline TWILL_ABI::detail
