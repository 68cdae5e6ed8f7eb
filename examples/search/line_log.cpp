#include "line_log.hpp"

#include <twill/runtime/blocking.hpp>

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace search {
namespace {

bool write_all(int to, const std::string& text) noexcept {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t some = ::write(to, text.data() + done, text.size() - done);
        if (some < 0 && errno != EINTR) return false;
        if (some > 0) done += static_cast<std::size_t>(some);
    }
    return true;
}

}  // namespace

void line_log::add(std::string line) noexcept {
    if (descriptor_ < 0) return;
    if (lines_.try_send(std::move(line)) != twill::send_status::sent)
        lost_.fetch_add(1, std::memory_order_relaxed);
}

twill::task<> line_log::run() {
    while (auto line = co_await lines_.receive()) {
        std::string text;
        std::uint64_t count = 0;
        for (; line; line = lines_.try_receive(), ++count) text.append(*line) += '\n';
        const bool written = co_await twill::blocking([&] { return write_all(descriptor_, text); });
        if (!written) lost_.fetch_add(count, std::memory_order_relaxed);
    }
}

}  // namespace search
