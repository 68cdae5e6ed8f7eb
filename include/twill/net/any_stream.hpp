// any_stream: a byte stream whose kind shows only at run time: TCP, a Unix socket, TLS, in memory.
//
//     twill::any_stream stream(co_await twill::connect(there));
//     stream = twill::any_stream(other_kind(...));
//     co_await stream.write_all(request);
//
// What is written once for any_stream works over all of them, and is compiled once.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/io/byte_stream.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {

// Has `read_some` and `write_all` as byte_stream has them.
template <class S>
concept two_way_stream =
    std::movable<S> && requires(S& s, std::span<std::byte> into, std::span<const std::byte> from) {
        { s.read_some(into) } -> awaitable;
        { s.write_all(from) } -> awaitable;
    };

// Owns the stream. Movable while no operation is under way. Reading and writing, what they throw
// and what cancels them is as for the stream that it holds; one read and one write at a time.
class TWILL_API any_stream {
public:
    // None. Only `is_open`, `close` and assignment may follow.
    any_stream() noexcept = default;
    template <class S>
        requires(!std::same_as<S, any_stream>) && two_way_stream<S>
    explicit any_stream(S stream) : held_(std::make_unique<holder<S>>(std::move(stream))) {
        kernel_ = held_->kernel();
    }

    // Reads at least one byte; gives how many, 0 at the end of the stream.
    [[nodiscard]] task<std::size_t> read_some(std::span<std::byte> into) {
        return held_->read_some(into);
    }
    // Writes all of it.
    [[nodiscard]] task<> write_all(std::span<const std::byte> from) {
        return held_->write_all(from);
    }
    [[nodiscard]] task<> write_all(std::string_view text) {
        return write_all(std::as_bytes(std::span(text)));
    }
    // Says that nothing more will be written, where the stream can say so; the peer can still
    // answer.
    [[nodiscard]] task<> shutdown_write() { return held_->shutdown_write(); }

    // Closes it now; harmless when it is closed. No operation may be under way.
    void close() noexcept {
        kernel_ = nullptr;
        held_.reset();
    }
    [[nodiscard]] bool is_open() const noexcept { return held_ != nullptr; }

    // The stream itself if it is one of the kernel's, else null: saves the detour for each piece.
    [[nodiscard]] byte_stream* kernel() const noexcept { return kernel_; }
    // The kernel's stream at the bottom, below TLS for example; null if there is none.
    [[nodiscard]] const byte_stream* bottom() const noexcept {
        return held_ ? held_->bottom() : nullptr;
    }

private:
    class base {
    public:
        base() = default;
        base(const base&) = delete;
        base& operator=(const base&) = delete;
        virtual ~base() = default;
        virtual byte_stream* kernel() noexcept = 0;
        virtual const byte_stream* bottom() noexcept = 0;
        virtual task<std::size_t> read_some(std::span<std::byte> into) = 0;
        virtual task<> write_all(std::span<const std::byte> from) = 0;
        virtual task<> shutdown_write() = 0;
    };

    template <class S>
    class holder final : public base {
    public:
        explicit holder(S stream) : stream_(std::move(stream)) {}
        byte_stream* kernel() noexcept override {
            if constexpr (std::derived_from<S, byte_stream>)
                return &stream_;
            else
                return nullptr;
        }
        const byte_stream* bottom() noexcept override {
            if constexpr (requires { stream_.bottom(); })
                return stream_.bottom();
            else
                return kernel();
        }
        task<std::size_t> read_some(std::span<std::byte> into) override {
            co_return co_await stream_.read_some(into);
        }
        task<> write_all(std::span<const std::byte> from) override {
            co_await stream_.write_all(from);
        }
        task<> shutdown_write() override {
            if constexpr (requires { requires awaitable<decltype(stream_.shutdown_write())>; })
                co_await stream_.shutdown_write();
            else if constexpr (requires { stream_.shutdown_write(); })
                stream_.shutdown_write();
            co_return;
        }

    private:
        S stream_;
    };

    std::unique_ptr<base> held_;
    byte_stream* kernel_ = nullptr;
};

}  // namespace twill::inline TWILL_ABI
