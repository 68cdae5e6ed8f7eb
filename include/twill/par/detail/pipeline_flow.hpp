// Which token of a pipeline is where. Knows nothing of values and functions.
//
// Threads that run the pipeline take steps: one token in one stage. Who ends a step goes on with
// the same token (its value is in the cache) unless the next stage is serial and not yet, or not
// now, free for it; then the token waits there, and the thread takes another step. The step nearest
// to the end of the pipeline is taken first, so that tokens come back before new ones begin.
//
// Why nobody waits in vain: a token that is under way is being run, or waits for a token before it
// in the same stage, or its stage is free and it can be taken. So a thread that finds nothing to
// take knows that another one is inside a stage; that one wakes it. One thread alone always finds
// something.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace detail {

class TWILL_API pipeline_flow {
public:
    struct step {
        std::size_t stage;
        std::size_t token;       // in [0, tokens)
        std::uint64_t sequence;  // the how-many-eth value
    };

    // `serial`: of each stage, the first is the source.
    pipeline_flow(std::size_t tokens, std::span<const bool> serial);

    // Waits until there is a step to take. False: all has ended.
    [[nodiscard]] bool take(step& next) noexcept;

    // The step has been carried out. True: `done` is the same token's next step, to be carried out.
    // `produced`: whether the source, if it was that, gave a value.
    [[nodiscard]] bool finish(step& done, bool produced) noexcept;

    // A stage threw: nobody takes a step any more.
    void fail() noexcept;

private:
    static constexpr std::size_t none = ~std::size_t{0};

    // A serial stage. All values from `turn` on that have begun are under way, so that there are no
    // more of them than tokens.
    struct stage {
        bool serial = false;
        bool busy = false;
        std::uint64_t turn = 0;
        std::vector<std::size_t> waiting;  // tokens, by sequence modulo their number
    };

    bool find(step& next) noexcept;
    bool enter(step& at) noexcept;
    bool source_can_begin() const noexcept;
    void change(bool all) noexcept;

    futex_mutex lock_;
    std::vector<stage> stages_;
    std::vector<std::size_t> free_;
    const std::size_t tokens_;
    bool exhausted_ = false;
    bool ended_ = false;
    std::size_t idle_ = 0;
    // Raised, under the lock, when an idle thread may find something.
    atomic<std::uint32_t> changes_{0};
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
