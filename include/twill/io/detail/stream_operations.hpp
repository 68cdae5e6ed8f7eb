// The awaitables behind the byte streams: one request each, no allocation.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/reactor.hpp>

#include <cstddef>
#include <span>

namespace twill::inline TWILL_ABI::detail {

// Which calls a stream is read and written with.
struct stream_kind {
    io_call read;
    io_call write;
};
inline constexpr stream_kind socket_calls{io_call::receive, io_call::send};
inline constexpr stream_kind pipe_calls{io_call::read, io_call::write};

enum class extent : bool { some, whole };

class TWILL_API read_operation final : public io_request {
public:
    read_operation(io_source& source, io_call call, std::span<std::byte> into, extent much,
                   std::size_t* progress) noexcept
        : io_request("read", call, source, into.data(), into.size(), much == extent::whole),
          progress_(progress) {}
    std::size_t await_resume() const;

private:
    std::size_t* progress_;
};

class TWILL_API write_operation final : public io_request {
public:
    write_operation(io_source& source, io_call call, std::span<const std::byte> from, extent much,
                    std::size_t* progress) noexcept
        : io_request("write", call, source, const_cast<std::byte*>(from.data()), from.size(),
                     much == extent::whole),
          progress_(progress) {}
    std::size_t await_resume() const;

private:
    std::size_t* progress_;
};

class TWILL_API arrival_operation final : public io_request {
public:
    explicit arrival_operation(io_source& source) noexcept
        : io_request("read", io_call::readable, source, nullptr, 0, false, may_be_early) {}
    void await_resume() const;
};

struct [[nodiscard("nothing is waited for until it is awaited")]] arrival_call {
    io_source* source;
    arrival_operation operator co_await() const noexcept { return arrival_operation(*source); }
};

struct [[nodiscard("nothing is read until it is awaited")]] read_call {
    io_source* source;
    io_call call;
    std::span<std::byte> into;
    extent much;
    std::size_t* progress;
    read_operation operator co_await() const noexcept {
        return {*source, call, into, much, progress};
    }
};

struct [[nodiscard("nothing is written until it is awaited")]] write_call {
    io_source* source;
    io_call call;
    std::span<const std::byte> from;
    extent much;
    std::size_t* progress;
    write_operation operator co_await() const noexcept {
        return {*source, call, from, much, progress};
    }
};

}  // namespace twill::inline TWILL_ABI::detail
