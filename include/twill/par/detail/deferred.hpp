// Calls that are kept to be made later, in the order in which they were added, while others may
// already make the first of them.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

class deferred_call {
public:
    // Makes the call, and destroys the callable, whatever it does. Once.
    void run(par::context& here) {
        struct destroyer {
            deferred_call& of;
            ~destroyer() { of.destroy_(of); }
        } const last{*this};
        run_(*this, here);
    }
    // Destroys the callable, if that has not been done.
    void destroy() noexcept { destroy_(*this); }

protected:
    using run_function = void (*)(deferred_call&, par::context&);
    using destroy_function = void (*)(deferred_call&) noexcept;

    deferred_call(run_function runs, destroy_function destroys) noexcept
        : run_(runs), destroy_(destroys) {}
    ~deferred_call() = default;

private:
    run_function run_;
    destroy_function destroy_;
};

template <class F>
class deferred final : public deferred_call {
public:
    template <class Given>
    deferred(std::in_place_t, Given&& function)
        : deferred_call(&deferred::run_this, &deferred::destroy_this),
          function_(std::in_place, std::forward<Given>(function)) {}

private:
    static void run_this(deferred_call& self, par::context& here) {
        invoke_branch(here, std::move(*static_cast<deferred&>(self).function_));
    }
    static void destroy_this(deferred_call& self) noexcept {
        static_cast<deferred&>(self).function_.reset();
    }

    std::optional<F> function_;
};

// Grows by one thread, without moving what is there: other threads may reach the calls whose
// numbers they were told by way of an offer (which releases all that was added before).
class deferred_list {
public:
    deferred_list() = default;
    ~deferred_list() {
        for (std::size_t i = 0; i != size_; ++i) (*this)[i].destroy();
    }
    deferred_list(const deferred_list&) = delete;
    deferred_list& operator=(const deferred_list&) = delete;

    // Throws std::bad_alloc, or what the callable's constructor throws; then nothing was added.
    template <class F>
    void add(F&& function) {
        using call = deferred<std::decay_t<F>>;
        deferred_call*& place = next_place();
        void* const room = memory_.allocate(sizeof(call), alignof(call));
        place = ::new (room) call(std::in_place, std::forward<F>(function));
        ++size_;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    [[nodiscard]] deferred_call& operator[](std::size_t i) const noexcept {
        const position at = position_of(i);
        return at.chunk == 0 ? *first_[at.offset] : *more_[at.chunk][at.offset];
    }

private:
    // Chunk k holds `first_chunk << k` pointers.
    static constexpr std::size_t first_chunk = 16;
    static constexpr std::size_t chunks = 48;

    struct position {
        std::size_t chunk;
        std::size_t offset;
    };
    static constexpr position position_of(std::size_t i) noexcept {
        const std::size_t shifted = i + first_chunk;
        const auto chunk =
            static_cast<std::size_t>(std::bit_width(shifted) - std::bit_width(first_chunk));
        return {chunk, shifted - (first_chunk << chunk)};
    }

    deferred_call*& next_place() {
        const position at = position_of(size_);
        if (at.chunk == 0) return first_[at.offset];
        auto& chunk = more_[at.chunk];
        if (chunk == nullptr) chunk = std::make_unique<deferred_call*[]>(first_chunk << at.chunk);
        return chunk[at.offset];
    }

    std::size_t size_ = 0;
    deferred_call* first_[first_chunk];
    std::array<std::unique_ptr<deferred_call*[]>, chunks> more_{};
    alignas(std::max_align_t) std::byte room_[512];
    std::pmr::monotonic_buffer_resource memory_{room_, sizeof room_};
};

// The body of a loop over them.
struct deferred_body {
    static constexpr bool may_fork = true;
    const deferred_list* calls;
    void run(par::context& here, std::size_t from, std::size_t to) {
        for (std::size_t i = from; i != to; ++i) (*calls)[i].run(here);
    }
    [[gnu::always_inline]] void run_each(par::context& here, std::size_t& begun,
                                         const std::size_t& end) const {
        do (*calls)[begun++].run(here);
        while (begun != end && !here.poked());
    }
    deferred_body apart() const noexcept { return *this; }
    void absorb(deferred_body&&) noexcept {}
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
