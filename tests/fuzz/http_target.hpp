// What is fuzzed of HTTP: bytes as they could come from a connection. They are read twice, all at
// once and in pieces; both must give the same, whatever the bytes are.
#pragma once

#include "net/http_parser.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace twill_test {

// Reads all requests in `bytes`, which come `piece` at a time; gives what they say as a text. What
// has come lies at the end of memory of its own, so that the address sanitizer sees whoever looks
// past it.
template <class Parser>
std::string read_messages(std::string_view bytes, std::size_t piece) {
    constexpr twill::detail::http_limits limits{.head = 4096, .fields = 16, .body = 1 << 16};
    std::string said;
    Parser parser(limits);
    twill::detail::http_head head;
    std::size_t come = std::min(piece, bytes.size());
    const auto more = [&] {
        if (come == bytes.size()) return false;
        come += std::min(piece, bytes.size() - come);
        return true;
    };
    const auto refused = [&](const twill::detail::http_refusal& wrong) {
        return said + "! " + std::to_string(wrong.status) + ' ' + wrong.why + '\n';
    };
    while (!bytes.empty()) {
        twill::detail::http_head_finder finder;
        twill::detail::http_head_finder::found found;
        for (;;) {
            const auto memory = std::make_unique<char[]>(come);
            std::memcpy(memory.get(), bytes.data(), come);
            found = finder.find({memory.get(), come}, limits);
            if (found.wrong) return refused(found.wrong);
            if (found.size != 0) break;
            if (!more()) return said + "the head is not complete\n";
        }
        // Parsed apart from what follows.
        const auto memory = std::make_unique<char[]>(found.size);
        std::memcpy(memory.get(), bytes.data() + found.begin, found.size);
        if (auto wrong = parser.parse({memory.get(), found.size}, head)) return refused(wrong);
        said.append(head.method).append(" ").append(head.target).append("\n");
        for (const auto& each : head.fields)
            said.append(each.name).append(": ").append(each.value).append("\n");
        const auto advance = [&](std::size_t by) {
            bytes.remove_prefix(by);
            come -= by;
        };
        advance(found.begin + found.size);
        while (!parser.complete()) {
            const auto rest = std::make_unique<char[]>(come);
            std::memcpy(rest.get(), bytes.data(), come);
            const auto step = parser.body({rest.get(), come});
            if (step.wrong) return refused(step.wrong);
            if (step.taken > come) std::abort();
            said.append(step.content);
            advance(step.taken);
            if (step.done) break;
            if (step.taken == 0 && !more()) return said + "the content is not complete\n";
        }
        if (!parser.complete()) std::abort();
        said += "\n";
    }
    return said;
}

// All that was read, and whether it was refused. Not why: of two reasons the first to come counts,
// and which that is depends on the pieces.
inline std::string essence(const std::string& said) { return said.substr(0, said.rfind("! ") + 1); }

template <class Parser>
void fuzz_messages(std::string_view bytes) {
    const std::string whole = essence(read_messages<Parser>(bytes, bytes.size()));
    for (const std::size_t piece : {1UL, 7UL})
        if (essence(read_messages<Parser>(bytes, piece)) != whole) std::abort();
}

inline void fuzz_http(std::string_view bytes) {
    fuzz_messages<twill::detail::http_request_parser>(bytes);
    fuzz_messages<twill::detail::http_response_parser>(bytes);
}

}  // namespace twill_test
