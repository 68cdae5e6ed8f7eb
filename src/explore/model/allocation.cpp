// The memory of the program under test: in a run, from the run.
#include "world.hpp"

#include <cstdlib>
#include <new>

namespace {

using twill::explore::model::world;

void* allocate(std::size_t size,
               std::size_t alignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__) noexcept {
    if (world* const in = world::entered()) return in->allocate(size, alignment);
    return std::aligned_alloc(alignment, (size + alignment) / alignment * alignment);
}

void release(void* what) noexcept {
    if (what != nullptr && !world::release(what)) std::free(what);
}

}  // namespace

// NOLINTBEGIN(misc-new-delete-overloads)
void* operator new(std::size_t size) {
    if (void* const made = allocate(size)) return made;
    throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
    return allocate(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    if (void* const made = allocate(size, static_cast<std::size_t>(alignment))) return made;
    throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment,
                   const std::nothrow_t& /*tag*/) noexcept {
    return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* what) noexcept { release(what); }
void operator delete(void* what, std::size_t /*size*/) noexcept { release(what); }
void operator delete(void* what, std::align_val_t /*alignment*/) noexcept { release(what); }
void operator delete(void* what, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
    release(what);
}
// NOLINTEND(misc-new-delete-overloads)
