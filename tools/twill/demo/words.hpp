// Word frequencies: the demo's example of work that computes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace twill_command::demo {

struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
        return std::hash<std::string_view>()(text);
    }
};

using word_counts = std::unordered_map<std::string, std::uint64_t, text_hash, std::equal_to<>>;

// Adds the words of `text` (runs of letters, digits and underscores) to `counts`.
void count_words(std::string_view text, word_counts& counts);

// The same for a file, read here. A file that cannot be read any more counts as empty.
void count_file(const std::string& path, word_counts& counts);

void merge(word_counts& into, const word_counts& from);

// One map for each thread that counts at the same time, so that none waits for another; merged
// once.
class counters {
public:
    // Calls `use(word_counts&)` with a map that nobody else uses meanwhile.
    template <class Use>
    void with_one(Use use) {
        word_counts mine;
        {
            std::lock_guard hold(lock_);
            if (!idle_.empty()) {
                mine = std::move(idle_.back());
                idle_.pop_back();
            }
        }
        use(mine);
        std::lock_guard hold(lock_);
        idle_.push_back(std::move(mine));
    }
    word_counts merged();

private:
    std::mutex lock_;
    std::vector<word_counts> idle_;
};

}  // namespace twill_command::demo
