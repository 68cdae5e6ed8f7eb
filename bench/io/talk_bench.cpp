#include "io/talk.hpp"

#include <charconv>
#include <stdexcept>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr std::size_t echoed = 64;

constexpr std::string_view get =
    "GET /plaintext HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\n"
    "User-Agent: twill-bench\r\n"
    "Accept: text/plain,text/html;q=0.9,application/xhtml+xml;q=0.9,*/*;q=0.7\r\n"
    "\r\n";

[[noreturn]] void wrong(std::string_view answer) {
    throw std::runtime_error("a wrong answer: '" + std::string(answer) + "'");
}

// The bytes of a whole response in `come`; 0: more has to come.
std::size_t response_size(std::string_view come) {
    const auto end = come.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    auto at = come.find("\r\nContent-Length: ");
    if (at == std::string_view::npos) at = come.find("\r\ncontent-length: ");
    if (!come.starts_with("HTTP/1.1 200") || at == std::string_view::npos || at > end) wrong(come);
    std::size_t length = 0;
    std::from_chars(come.data() + at + 18, come.data() + end, length);
    return end + 4 + length;
}

}  // namespace

talk::talk(std::string_view kind) : safe_(kind == "https") {
    if (kind == "echo") {
        request_.assign(echoed, 'e');
        begin_ = end_ = request_;
        size_ = echoed;
    } else if (kind == "http" || kind == "https") {
        request_ = get;
        begin_ = "HTTP/1.1 200";
        end_ = http_answer;
    } else {
        throw std::invalid_argument("no such kind of load");
    }
}

void talk::learn_answer(unsigned port) {
    wire first(port, tls());
    first.send(request_);
    std::string come;
    std::array<char, 4096> piece;  // filled by receive
    std::size_t size = 0;
    while (size == 0 || come.size() < size) {
        come.append(piece.data(), first.receive(piece));
        size = size_ != 0 ? size_ : response_size(come);
    }
    if (come.size() != size || !fits(come)) wrong(come);
    size_ = size;
}

bool client::read() {
    std::array<char, 4096> buffer;  // filled by receive
    while (const std::size_t n = on_.receive(buffer)) {
        got_ += n;
        if (got_ > how_->answer_size()) throw std::runtime_error("more came than was asked for");
        if (got_ < how_->answer_size()) continue;
        // One that came in pieces is known by its length.
        if (n == got_ && !how_->fits({buffer.data(), n})) wrong({buffer.data(), n});
        return true;
    }
    return false;
}

}  // namespace twill::inline TWILL_ABI::bench
