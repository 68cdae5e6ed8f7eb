#include <twill/core/error.hpp>
#include <twill/io/detail/stream_operations.hpp>

#include <string>

namespace twill::inline TWILL_ABI::detail {
namespace {

std::string named(const io_source& source) { return "fd " + std::to_string(source.fd); }

}  // namespace

std::size_t read_operation::await_resume() const {
    if (progress_ != nullptr) *progress_ = moved;
    throw_if_cancelled();
    if (result < 0) throw_if_failed("read from", named(source()));
    if (whole() && moved < size()) throw end_of_stream("read from", named(source()), moved);
    return moved;
}

void arrival_operation::await_resume() const {
    throw_if_cancelled();
    if (result < 0) throw_if_failed("wait for", named(source()));
}

std::size_t write_operation::await_resume() const {
    if (progress_ != nullptr) *progress_ = moved;
    throw_if_cancelled();
    if (result < 0) throw_if_failed("write to", named(source()));
    return moved;
}

}  // namespace twill::inline TWILL_ABI::detail
