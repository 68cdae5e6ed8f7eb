#include <twill/io/byte_stream.hpp>

#include <unistd.h>
#include <utility>

namespace twill::inline TWILL_ABI {

void byte_stream::close() noexcept {
    if (source_.fd < 0) return;
    source_.forget();
    ::close(std::exchange(source_.fd, -1));
}

byte_stream& byte_stream::operator=(byte_stream&& other) noexcept {
    if (this == &other) return *this;
    close();
    source_ = std::move(other.source_);
    kind_ = other.kind_;
    return *this;
}

}  // namespace twill::inline TWILL_ABI
