#include "twill/demo/words.hpp"

#include <array>
#include <fstream>
#include <iterator>
#include <limits>

namespace twill_command::demo {
namespace {

constexpr auto word_bytes = [] {
    std::array<bool, std::numeric_limits<unsigned char>::max() + 1> is{};
    for (unsigned char c = '0'; c <= '9'; ++c) is[c] = true;
    for (unsigned char c = 'a'; c <= 'z'; ++c) is[c] = true;
    for (unsigned char c = 'A'; c <= 'Z'; ++c) is[c] = true;
    is['_'] = true;
    return is;
}();

bool in_word(char c) noexcept { return word_bytes[static_cast<unsigned char>(c)]; }

}  // namespace

void count_words(std::string_view text, word_counts& counts) {
    std::size_t at = 0;
    while (at < text.size()) {
        while (at < text.size() && !in_word(text[at])) ++at;
        const std::size_t begin = at;
        while (at < text.size() && in_word(text[at])) ++at;
        if (at == begin) return;
        const auto word = text.substr(begin, at - begin);
        const auto found = counts.find(word);
        if (found != counts.end())
            ++found->second;
        else
            counts.emplace(word, 1);
    }
}

void count_file(const std::string& path, word_counts& counts) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    const auto size = static_cast<std::streamoff>(file.tellg());
    if (size <= 0) return;
    std::string text(static_cast<std::size_t>(size), '\0');
    file.seekg(0);
    file.read(text.data(), size);
    count_words(std::string_view(text).substr(0, static_cast<std::size_t>(file.gcount())), counts);
}

void merge(word_counts& into, const word_counts& from) {
    for (const auto& [word, count] : from) into[word] += count;
}

word_counts counters::merged() {
    std::lock_guard hold(lock_);
    word_counts all;
    for (auto& each : idle_) {
        if (all.size() < each.size()) std::swap(all, each);
        merge(all, each);
    }
    idle_.clear();
    return all;
}

}  // namespace twill_command::demo
