#include "thread_locals.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <cstring>

// Where the linker put them; null where there are none.
extern "C" {
extern char __start_twill_threads[] __attribute__((weak, visibility("hidden")));  // NOLINT
extern char __stop_twill_threads[] __attribute__((weak, visibility("hidden")));   // NOLINT
}

namespace twill::inline TWILL_ABI::explore::model {
namespace {

std::size_t size() noexcept {
    return static_cast<std::size_t>(__stop_twill_threads - __start_twill_threads);
}

// The head of __cxa_eh_globals as the Itanium C++ ABI lays it out.
struct exception_state {
    void* caught;
    unsigned flying;
};
exception_state& exceptions() noexcept {
    return *reinterpret_cast<exception_state*>(abi::__cxa_get_globals());
}

// A set that no thread has changed yet: all of them are constant-initialised.
const void* pristine() noexcept {
    static char* const image = [] {
        char* const copy = size() == 0 ? nullptr : static_cast<char*>(std::malloc(size()));
        if (copy != nullptr) std::memcpy(copy, __start_twill_threads, size());
        return copy;
    }();
    return image;
}

}  // namespace

bool thread_locals::lie_at(const void* address) noexcept {
    const auto* const at = static_cast<const char*>(address);
    return at >= __start_twill_threads && at < __stop_twill_threads;
}

void thread_locals::begin(arena& memory) noexcept {
    exceptions_caught_ = nullptr;
    exceptions_flying_ = 0;
    const void* const from = pristine();
    copy_ = memory.take(size());
    if (from != nullptr) std::memcpy(copy_, from, size());
}

void thread_locals::save() noexcept {
    if (size() != 0) std::memcpy(copy_, __start_twill_threads, size());
    exceptions_caught_ = exceptions().caught;
    exceptions_flying_ = exceptions().flying;
}

void thread_locals::restore() const noexcept {
    if (size() != 0) std::memcpy(__start_twill_threads, copy_, size());
    exceptions().caught = exceptions_caught_;
    exceptions().flying = exceptions_flying_;
}

}  // namespace twill::inline TWILL_ABI::explore::model
