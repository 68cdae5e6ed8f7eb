#include "twill/map/batch_size.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <system_error>

namespace twill_command {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most = 10'000;
// A process takes half a millisecond to start and end: a hundredth.
constexpr twill::duration long_enough = 50ms;

}  // namespace

batch_size batch_size::automatic() noexcept {
    batch_size made;
    made.automatic_ = true;
    return made;
}

std::optional<batch_size> batch_size::parse(std::string_view text) {
    if (text == "auto") return automatic();
    std::size_t number = 0;
    const char* const end = std::to_address(text.end());
    const auto [rest, error] = std::from_chars(std::to_address(text.begin()), end, number);
    if (error != std::errc() || rest != end || number == 0 || number > most) return std::nullopt;
    return batch_size(number);
}

std::size_t batch_size::next(std::optional<std::size_t> left, std::size_t at_once) const noexcept {
    if (!automatic_ || !left) return now_;
    // Two for each that can run: the last ones need not end together.
    return std::clamp<std::size_t>(*left / (2 * at_once), 1, now_);
}

void batch_size::note(std::size_t inputs, twill::duration took) noexcept {
    if (!automatic_) return;
    const auto each =
        std::max(took / static_cast<twill::duration::rep>(inputs), twill::duration(1));
    const auto wanted = static_cast<std::size_t>(long_enough / each);
    now_ = std::clamp<std::size_t>(wanted, 1, std::min(2 * std::max(now_, inputs), most));
}

}  // namespace twill_command
