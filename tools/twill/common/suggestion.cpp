#include "twill/common/suggestion.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace twill_command {
namespace {

// Letters to insert, remove or replace, or neighbours to swap, to make `b` of `a` (optimal string
// alignment), a row of the table at a time.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::vector<std::size_t> row(b.size() + 1, i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            row[j + 1] = std::min({last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1)});
            if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
                row[j + 1] = std::min(row[j + 1], before_last[j - 1] + 1);
        }
        before_last = std::exchange(last, std::move(row));
    }
    return last.back();
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& names) {
    std::string_view best;
    // A third of the letters may differ, and one in a short word.
    std::size_t limit = std::max<std::size_t>(word.size() / 3, 1) + 1;
    constexpr std::size_t longest = 64;
    if (word.size() > longest) return best;
    for (const auto name : names) {
        const std::size_t far = distance(word, name);
        if (far >= limit) continue;
        limit = far;
        best = name;
    }
    return best;
}

}  // namespace twill_command
