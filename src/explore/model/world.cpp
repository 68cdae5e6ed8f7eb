#include "world.hpp"

#include "use_of.hpp"

#ifdef TWILL_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace twill::inline TWILL_ABI::explore::model {
namespace {

// Plain accesses without a scheduling point between them: more is a loop that never ends, in data
// that a mutant has broken.
constexpr std::uint64_t most_accesses = 2'000'000;

}  // namespace

constinit world* world::current_ = nullptr;
constinit bool world::in_program_ = false;

world::world(workshop& in, strategy& decides, std::uint64_t seed, const profile& known,
             const run_settings& how)
    : workshop_((in.memory.clear(), in.objects.clear(), in)),
      settings_(how),
      engine_(in.memory, decides, seed, how.most, known),
      memory_(*this, in.memory),
      plain_(*this, in.memory),
      threads_(in.memory) {
    runner_locals_.begin(in.memory);
}

world::~world() { current_ = nullptr; }

void world::run(const std::function<void()>& body) {
    current_ = this;
    runner_locals_.save();
    start([&body] { body(); });
    const decision first = engine_.next(no_thread);
    self_ = first.thread;
    threads_[self_]->locals.restore();
    fiber::change(runner_, threads_[self_]->stack);
    // Back for good.
    leave_stacks();
    runner_locals_.restore();
    memory_.restore();
    current_ = nullptr;
}

// ---- threads

thread_id world::start(std::function<void()>&& body) {
    const entry own;
    const thread_id child = engine_.spawn(self_);
    memory_.begin_thread(child, self_);
    auto* const made = ::new (workshop_.memory.take(sizeof(model_thread))) model_thread();
    made->body = std::move(body);
    threads_.push_back(made);
    ++awaited_;
    made->locals.begin(workshop_.memory);
    made->stack.prepare(workshop_.stack(child), workshop::stack_size, &world::main_of, made);
    if (narrates() && self_ != no_thread) tell("starts thread " + std::to_string(child));
    return child;
}

void world::main_of(void* self) noexcept {
    auto& thread = *static_cast<model_thread*>(self);
    in_program_ = true;
    thread.body();
    {
        // What it captured is the program's.
        const std::function<void()> gone = std::move(thread.body);
    }
    in_program_ = false;
    world& in = *current_;
    thread.ended = true;
    in.engine_.release(in.self_, thread.past);
    in.memory_.end_thread(thread.seen);
    if (in.narrates()) in.tell("ends");
    in.engine_.exit(in.self_);
    in.engine_.wake_all(end_of(in.self_));
    if (!thread.detached && --in.awaited_ == 0) in.end();
    in.go_on();
    in.end();  // not reached
}

object_id world::end_of(thread_id thread) noexcept { return (object_id{1} << 32) | (thread + 1); }

void world::join(thread_id other) {
    const entry own;
    model_thread& joined = *threads_[other];
    if (!joined.ended)
        point({.kind = op_kind::join, .writes = false, .blocked = true, .object = end_of(other)});
    engine_.acquire(self_, joined.past);
    memory_.join_thread(joined.seen);
}

// Just made, it has not begun.
void world::detach(thread_id other) {
    const entry own;
    model_thread& left = *threads_[other];
    if (left.ended) return;
    left.detached = true;
    --awaited_;
    if (settings_.detached_run) return;
    left.ended = true;
    engine_.exit(other);
}

bool world::point(const operation& what) {
    const entry own;
    accesses_ = 0;
    engine_.announce(self_, what);
    go_on();
    return timed_out_;
}

// Whoever is chosen goes on; the caller, unless it has ended, when it is.
void world::go_on() {
    const decision d = engine_.next(self_);
    switch (d.outcome) {
        case decision::what::run:
            timed_out_ = d.timed_out;
            if (d.thread != self_) change_to(d.thread);
            return;
        case decision::what::finished:
            end();
        case decision::what::pruned:
            pruned_ = true;
            end();
        case decision::what::deadlock:
            fail("deadlock: " + who_waits());
        case decision::what::livelock:
            fail("livelock: " + who_waits());
        case decision::what::step_limit:
            fail("it does not end: " + who_waits());
    }
}

void world::change_to(thread_id next) noexcept {
    model_thread& from = *threads_[self_];
    model_thread& to = *threads_[next];
    from.locals.save();
    self_ = next;
    to.locals.restore();
    fiber::change(from.stack, to.stack, from.ended);
    if (over_) fiber::change(from.stack, runner_, true);
}

void world::end() noexcept {
    model_thread& from = *threads_[self_];
    from.ended = true;
    fiber::change(from.stack, runner_, true);
    __builtin_unreachable();
}

// The address sanitizer keeps something for each stack that was entered, until it is left for good.
void world::leave_stacks() noexcept {
#ifdef TWILL_ASAN
    over_ = true;
    for (thread_id t = 0; t != threads_.size(); ++t)
        if (!threads_[t]->ended && engine_.thread(t).steps != 0)
            fiber::change(runner_, threads_[t]->stack);
#endif
}

// ---- outcomes

void world::fail(std::string what) {
    const entry own;
    if (failure_.empty()) failure_ = std::move(what);
    if (narrates()) tell("FAILS: " + failure_);
    end();
}

std::string world::who_waits() const {
    std::string text;
    for (thread_id t = 0; t != engine_.thread_count(); ++t) {
        const thread_state& each = engine_.thread(t);
        if (each.now == thread_state::stage::ended) continue;
        if (!text.empty()) text += ", ";
        text += "thread " + std::to_string(t) + " is in " + name(each.next.kind);
        const std::size_t place = each.next.place;
        if (place != 0) text += " at " + workshop_.sites()[place - 1].place();
    }
    return text;
}

void world::tell(std::string line) {
    const entry own;
    story_.push_back("thread " + std::to_string(self_) + "  " + std::move(line));
}

void use_of::tell(std::uint32_t number, const std::string& outcome) const {
    const world::entry own;
    std::string line = site{where, what, order, failure}.title();
    if (what != action::notify && what != action::barrier && what != action::wait)
        line += std::string(" ") + name(order);
    if (number != 0) line += " #" + std::to_string(number);
    world_.tell(line + ": " + outcome + "   (" + site{where}.place() + ")");
}

// ---- memory

void world::watch(std::size_t size) noexcept {
    accesses_ += size;
    if (accesses_ > most_accesses) fail("it does not end, between two scheduling points");
}

void world::plain_read(const void* address, std::size_t size, const void* code) noexcept {
    if (thread_locals::lie_at(address)) return;
    const entry own;
    watch(size);
    plain_.read(address, size, code);
}

void world::plain_write(const void* address, std::size_t size, const void* code) noexcept {
    if (thread_locals::lie_at(address)) return;
    const entry own;
    watch(size);
    plain_.write(address, size, code);
}

// Its size lies in front of each piece. Nothing is used twice in a run, so that who comes too late
// is found out; and each run finds the same addresses.
void* world::allocate(std::size_t size, std::size_t alignment) noexcept {
    const entry own;
    const std::size_t room = sizeof(std::size_t) + alignment + size;
    const auto from = reinterpret_cast<std::uintptr_t>(workshop_.objects.take(room));
#ifdef TWILL_ASAN
    __asan_unpoison_memory_region(reinterpret_cast<void*>(from), room);
#endif
    const std::uintptr_t at = (from + sizeof(std::size_t) + alignment - 1) / alignment * alignment;
    auto* const piece = reinterpret_cast<std::size_t*>(at);
    piece[-1] = size;
    plain_.begin(piece, size);
    return piece;
}

bool world::release(void* what) noexcept {
    world* const in = current_;
    if (in == nullptr || !in->workshop_.objects.owns(what)) return false;
    const entry own;
    const std::size_t size = static_cast<std::size_t*>(what)[-1];
    if (in->over_) return true;
    in->memory_.end(what, size);
    in->plain_.end(what, size);
#ifdef TWILL_ASAN
    __asan_poison_memory_region(what, size);
#endif
    return true;
}

}  // namespace twill::inline TWILL_ABI::explore::model
