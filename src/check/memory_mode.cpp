#include "check/memory_mode.hpp"

#include "check/memory/access_places.hpp"
#include "check/memory/call_tree.hpp"
#include "check/memory/pages.hpp"
#include "check/memory_findings.hpp"
#include "check/scheduler.hpp"
#include "check/world.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <new>

namespace twill::inline TWILL_ABI::check {

// One stack of calls: a thread's, or a fiber's.
struct flow {
    // A function that was entered. `frame` tells one that was left without a word (longjmp).
    struct call {
        std::uintptr_t frame;
        call_id id;
    };
    static constexpr std::uint32_t most_calls = 1U << 15U;

    explore::thread_id id;
    std::uint32_t ignoring;
    call* calls;
    std::uint32_t depth;     // may go beyond `most_calls`; such calls are only counted
    std::uint32_t accesses;  // since the run had `steps` steps
    std::uint64_t steps;

    [[nodiscard]] call_id now() const noexcept {
        if (depth == 0) return 0;
        return calls[(depth < most_calls ? depth : most_calls) - 1].id;
    }
};

namespace {

constexpr explore::thread_id first_fiber = most_threads;
// Of a block that is freed, so much is looked at for races: freeing must not take for ever.
constexpr std::size_t most_checked_of_free = 1024;

constexpr std::uint32_t most_without_point = 2000;

struct range {
    std::uintptr_t begin, end;
};

std::uintptr_t number(const volatile void* address) noexcept {
    return reinterpret_cast<std::uintptr_t>(address);
}

range stack_of_caller() noexcept {
    pthread_attr_t attributes;
    void* begin = nullptr;
    std::size_t size = 0;
    if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return {};
    ::pthread_attr_getstack(&attributes, &begin, &size);
    ::pthread_attr_destroy(&attributes);
    return {number(begin), number(begin) + size};
}

// In memory that the server and all runs have together.
access_places* shared_places() noexcept {
    const long made = raw_syscall(SYS_mmap, 0, sizeof(access_places), PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made < 0 && made > -4096) give_up("no memory for what is known of the program");
    return reinterpret_cast<access_places*>(made);
}

// What memory mode knows of one process.
struct memory_state {
    explore::arena memory{&map_pages};
    call_tree calls{memory};
    race_detector races{memory, &map_pages};
    access_places& places = *shared_places();
    sharing_watch sharing{memory, places};
    range main_stack = stack_of_caller();  // once for all runs: it takes reading a file
    explore::row<range> stacks{memory};    // of threads, by index
    explore::row<range> benign{memory};
    explore::thread_id next_fiber = first_fiber;
};

bool instrumented = false;
memory_state* state = nullptr;  // null: not in memory mode
alignas(memory_state) std::byte state_memory[sizeof(memory_state)];

// The thread that runs, with its flow; null where nobody is to be told anything.
thread* caller(flow*& its) noexcept {
    thread* const me = self();
    if (me == nullptr) return nullptr;
    its = static_cast<flow*>(me->memory_state);
    return its == nullptr ? nullptr : me;
}

flow* new_flow(explore::thread_id id) noexcept {
    auto* const made = state->memory.make<flow>();
    made->id = id;
    made->calls =
        static_cast<flow::call*>(state->memory.take(flow::most_calls * sizeof(flow::call)));
    return made;
}

action as_action(atomic_op operation) noexcept {
    switch (operation) {
        case atomic_op::load:
            return action::load;
        case atomic_op::store:
            return action::store;
        case atomic_op::read_modify_write:
            return action::exchange;
    }
    return action::exchange;
}

// Numbers of memory are apart from those of other objects.
constexpr std::uint64_t memory_numbers = std::uint64_t{1} << 63U;

void scheduling_point(action kind, const volatile void* address, const void* pc) noexcept {
    access_point(kind, const_cast<const void*>(address),
                 memory_numbers | state->races.shadow().number(number(address)), pc);
}

constexpr std::uintptr_t granule_bytes = shadow_memory::granule_bytes;
// Of a range that is accessed at once, so much is looked at to find out whether it is shared.
constexpr std::size_t most_looked_at = 64;

// Calls `look` with each granule of the range, as far as that.
template <class Look>
void each_granule(std::uintptr_t begin, std::size_t size, Look look) noexcept {
    const std::uintptr_t end = begin + (size < most_looked_at ? size : most_looked_at);
    for (std::uintptr_t at = begin; at < end; at = (at / granule_bytes + 1) * granule_bytes)
        look(state->races.shadow().at(at));
}

bool is_shared(const flow& its, std::uintptr_t address, std::size_t size,
               std::uintptr_t pc) noexcept {
    if (state->places.of(pc) != access_places::kind::alone) return true;
    bool found = false;
    each_granule(address, size, [&](const granule& each) {
        found = found || each.shared || (each.first_user != 0 && each.first_user != its.id + 1);
    });
    return found;
}

// In the profile run: which places touch what is shared.
void watch_sharing(const volatile void* address, std::size_t size, const void* pc) noexcept {
    if (the.shared->options.profile == 0) return;
    each_granule(number(address), size,
                 [&](granule& each) { state->sharing.came_by(each, number(pc)); });
}

// Whether an access is a scheduling point.
bool is_a_point(flow& its, std::uintptr_t address, std::size_t size, std::uintptr_t pc) noexcept {
    switch (the.shared->options.points) {
        case granularity::every:
            return true;
        case granularity::memory:
            if (is_shared(its, address, size, pc)) return true;
            break;
        case granularity::sync:
        case granularity::around:
            break;
    }
    // A loop that waits for another thread's plain write must come to a point all the same. So each
    // of a long row of accesses with no point in between is one.
    const std::uint64_t steps = the.run->steps();
    if (its.steps != steps) {
        its.steps = steps;
        its.accesses = 0;
    }
    return ++its.accesses > most_without_point;
}

bool is_benign(std::uintptr_t address) noexcept {
    for (const range& each : state->benign)
        if (address - each.begin < each.end - each.begin) return true;
    return false;
}

// Is it anybody's at all? Does not return if it was freed.
void check_heap(const volatile void* address, std::size_t size, std::uint8_t kind) noexcept {
    const heap::block* const block = heap_block_at(number(address));
    if (block == nullptr) return;
    if (block->now != heap::state::allocated)
        report_use_after_free(state->calls, *block, number(address), size, kind);
    else if (number(address) + size > block->address + block->size)
        report_out_of_bounds(state->calls, *block, number(address), size, kind);
}

void tell_of(const race* found, std::size_t size) noexcept {
    if (found != nullptr && !is_benign(found->address)) report_race(state->calls, *found, size);
}

}  // namespace

// ---- the program

void program_is_instrumented() noexcept { instrumented = true; }

bool memory_mode() noexcept { return state != nullptr; }

void prepare_memory_mode() noexcept {
    if (!instrumented || state != nullptr || the.shared == nullptr) return;
    state = ::new (state_memory) memory_state;
    the.shared->memory_mode = 1;
}

// ---- threads

void memory_of_new_thread(const thread* parent, thread& made) noexcept {
    if (state == nullptr) return;
    const no_switching inside;
    flow* const its = new_flow(made.index);
    made.memory_state = its;
    if (parent == nullptr)
        state->races.begin(its->id);
    else
        state->races.spawn(static_cast<const flow*>(parent->memory_state)->id, its->id);
}

// Its stack may have been another's, and what that one did there is over.
void memory_of_begun_thread(thread& me) noexcept {
    if (state == nullptr) return;
    const no_switching inside;
    const range own = me.index == 0 ? state->main_stack : stack_of_caller();
    while (state->stacks.size() <= me.index) state->stacks.push_back({});
    state->stacks[me.index] = own;
    if (me.index != 0) state->races.shadow().reset(own.begin, own.end - own.begin);
}

void memory_after_join(const thread& me, const thread& ended) noexcept {
    if (state == nullptr) return;
    const no_switching inside;
    // What it was when it began: a fiber that it left with does not count.
    state->races.join(static_cast<const flow*>(me.memory_state)->id, ended.index);
}

void memory_acquired(const thread& me, const void* object) noexcept {
    if (state == nullptr) return;
    const no_switching inside;
    state->races.acquire(static_cast<const flow*>(me.memory_state)->id, number(object));
}

void memory_released(const thread& me, const void* object) noexcept {
    if (state == nullptr) return;
    const no_switching inside;
    state->races.release(static_cast<const flow*>(me.memory_state)->id, number(object));
}

std::int64_t stack_owner(std::uintptr_t address) noexcept {
    for (std::size_t i = 0; i != state->stacks.size(); ++i) {
        const range& each = state->stacks[i];
        if (address - each.begin < each.end - each.begin) return static_cast<std::int64_t>(i);
    }
    return -1;
}

// ---- calls

void enter_function(const void* pc) noexcept {
    thread* const me = current;
    if (me == nullptr || me->memory_state == nullptr) return;
    flow& its = *static_cast<flow*>(me->memory_state);
    const std::uintptr_t frame = number(__builtin_frame_address(0));
    // Stacks grow downwards: a caller's frame lies above. (Not so on a signal's own stack: its
    // handler's calls then begin anew, which only makes a report shorter.)
    while (its.depth != 0 && its.depth <= flow::most_calls &&
           its.calls[its.depth - 1].frame <= frame)
        --its.depth;
    if (its.depth < flow::most_calls)
        its.calls[its.depth] = {frame, state->calls.enter(its.now(), number(pc))};
    ++its.depth;
}

void leave_function() noexcept {
    thread* const me = current;
    if (me == nullptr || me->memory_state == nullptr) return;
    flow& its = *static_cast<flow*>(me->memory_state);
    if (its.depth != 0) --its.depth;
}

// ---- accesses

void access(const void* address, std::size_t size, std::uint8_t kind, const void* pc) noexcept {
    flow* its = nullptr;
    if (caller(its) == nullptr) return;
    const no_switching inside;
    const action what = (kind & access_record::write) != 0 ? action::store : action::load;
    if (is_a_point(*its, number(address), size, number(pc)))
        scheduling_point(what, address, pc);
    else if (the.shared->options.keep_events != 0 &&
             is_shared(*its, number(address), size, number(pc)))
        show_access(what, address);
    check_heap(address, size, kind);
    if (its->ignoring != 0) return;
    const call_id place = state->calls.enter(its->now(), number(pc));
    tell_of(state->races.access(its->id, number(address), size, kind, place), size);
    watch_sharing(address, size, pc);
}

bool before_atomic(const volatile void* object, std::size_t size, atomic_op operation,
                   const void* pc) noexcept {
    flow* its = nullptr;
    if (caller(its) == nullptr) return false;
    const no_switching inside;
    scheduling_point(as_action(operation), object, pc);
    check_heap(object, size,
               access_record::atomic | (operation == atomic_op::load ? access_record::plain_read
                                                                     : access_record::write));
    return true;
}

void after_atomic(const volatile void* object, std::size_t size, atomic_op operation, order how,
                  bool changed, const void* pc) noexcept {
    flow* its = nullptr;
    if (caller(its) == nullptr) return;
    const no_switching inside;
    if (!changed) changed_nothing();
    const call_id place = state->calls.enter(its->now(), number(pc));
    tell_of(state->races.atomic(its->id, number(object), size, operation, how, place), size);
    watch_sharing(object, size, pc);
}

void fence(order how) noexcept {
    flow* its = nullptr;
    if (caller(its) == nullptr) return;
    const no_switching inside;
    state->races.fence(its->id, how);
}

// ---- memory as a whole

void memory_allocated(void* begin, std::size_t size) noexcept { memory_begins_anew(begin, size); }

void memory_about_to_be_freed(void* begin, std::size_t size, const void* pc) noexcept {
    flow* its = nullptr;
    if (caller(its) == nullptr || its->ignoring != 0) return;
    const no_switching inside;
    const call_id place = state->calls.enter(its->now(), number(pc));
    tell_of(state->races.access(its->id, number(begin),
                                size < most_checked_of_free ? size : most_checked_of_free,
                                access_record::write | access_record::freeing, place),
            size);
}

void memory_begins_anew(const void* begin, std::size_t size) noexcept {
    if (state == nullptr || current == nullptr) return;
    state->races.shadow().reset(number(begin), size);
}

heap::origin here(const void* pc) noexcept {
    thread* const me = current;
    if (me == nullptr) return {};
    if (me->memory_state == nullptr) return {me->index, 0};
    const flow& its = *static_cast<const flow*>(me->memory_state);
    return {me->index, state->calls.enter(its.now(), number(pc))};
}

void check_lifetime(object_kind kind, const void* object, const thread* by) noexcept {
    const char* text = nullptr;
    switch (kind) {
        case object_kind::mutex:
            text = "a mutex";
            break;
        case object_kind::rwlock:
            text = "a read-write lock";
            break;
        case object_kind::condition:
            text = "a condition variable";
            break;
        case object_kind::semaphore:
            text = "a semaphore";
            break;
        case object_kind::barrier:
            text = "a barrier";
            break;
        case object_kind::once:
            text = "a once flag";
            break;
        case object_kind::spin_lock:
            text = "a spin lock";
            break;
        // Waking a futex that is gone is allowed: who did it meant the one that was there.
        default:
            return;
    }
    const heap::block* const block = heap_block_at(number(object));
    if (block == nullptr || block->now == heap::state::allocated) return;
    const no_switching inside;
    report_use_of_freed_object(state == nullptr ? nullptr : &state->calls, *block, number(object),
                               text, by);
}

void bad_free(const void* address, heap::release_result why) noexcept {
    const no_switching inside;
    report_bad_free(state == nullptr ? nullptr : &state->calls, heap_block_at(number(address)),
                    number(address), why);
}

// ---- annotations

void ignore_accesses(bool begin) noexcept {
    flow* its = nullptr;
    if (caller(its) == nullptr) return;
    if (begin)
        ++its->ignoring;
    else if (its->ignoring != 0)
        --its->ignoring;
}

void benign_race(const void* address, std::size_t size) noexcept {
    if (state == nullptr) return;
    const no_switching inside;
    state->benign.push_back({number(address), number(address) + size});
}

flow* current_flow() noexcept {
    flow* its = nullptr;
    return caller(its) == nullptr ? nullptr : its;
}

flow* make_flow() noexcept {
    flow* its = nullptr;
    if (caller(its) == nullptr) return nullptr;
    const no_switching inside;
    flow* const made = new_flow(state->next_fiber++);
    state->races.spawn(its->id, made->id);
    return made;
}

void switch_flow(flow* to, bool orders) noexcept {
    flow* its = nullptr;
    thread* const me = caller(its);
    if (me == nullptr || to == nullptr) return;
    const no_switching inside;
    // All that this one did is over before the other goes on.
    if (orders) state->races.join(to->id, its->id), state->races.begin(its->id);
    me->memory_state = to;
}

}  // namespace twill::inline TWILL_ABI::check
