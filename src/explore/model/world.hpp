// One run of a model: its threads, one at a time on fibers of their own, its memory, and what went
// wrong.
//
// The program under test enters it by an atomic, an access to plain data, an allocation, or a
// thread that it starts; inside, the model's own code is not watched (`entry`).
#pragma once

#include "../execution.hpp"
#include "fiber.hpp"
#include "memory.hpp"
#include "plain_data.hpp"
#include "thread_locals.hpp"
#include "workshop.hpp"

#include <functional>
#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::explore::model {

class world {
public:
    world(workshop& in, strategy& decides, std::uint64_t seed, const profile& known,
          const run_settings& how);
    ~world();
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    // Runs `body` as the first thread, and all that it starts.
    void run(const std::function<void()>& body);

    [[nodiscard]] bool failed() const noexcept { return !failure_.empty(); }
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    [[nodiscard]] bool pruned() const noexcept { return pruned_; }
    [[nodiscard]] const std::vector<std::string>& story() const noexcept { return story_; }
    [[nodiscard]] execution& engine() noexcept { return engine_; }

    // ---- the doors for the program under test

    // The one whose program is running, and not the model's own code; else null.
    [[nodiscard]] static world* entered() noexcept { return in_program_ ? current_ : nullptr; }

    // While it lives the model's own code runs.
    class entry {
    public:
        entry() noexcept : before_(in_program_) { in_program_ = false; }
        ~entry() { in_program_ = before_; }
        entry(const entry&) = delete;
        entry& operator=(const entry&) = delete;

    private:
        bool before_;
    };

    void plain_read(const void* address, std::size_t size, const void* code) noexcept;
    void plain_write(const void* address, std::size_t size, const void* code) noexcept;
    void* allocate(std::size_t size, std::size_t alignment) noexcept;
    // False: it is none of this run's.
    static bool release(void* what) noexcept;

    // ---- the model's own

    [[nodiscard]] thread_id self() const noexcept { return self_; }
    [[nodiscard]] bool alive(thread_id thread) const noexcept {
        return engine_.thread(thread).now == thread_state::stage::alive;
    }
    // `body` lies in the run's memory, or longer.
    thread_id start(std::function<void()>&& body);
    void join(thread_id other);
    // The run does not wait for its end.
    void detach(thread_id other);
    // A scheduling point. Returns when the calling thread was chosen: `what` is done now. True: its
    // deadline has passed instead.
    bool point(const operation& what);
    // Ends the run.
    [[noreturn]] void fail(std::string what);
    void tell(std::string line);
    [[nodiscard]] bool narrates() const noexcept { return settings_.narrate; }
    [[nodiscard]] const run_settings& settings() const noexcept { return settings_; }
    // A number for something that threads wait for.
    object_id number() noexcept { return (object_id{2} << 32) | ++numbers_; }
    // The number of this place in the workshop's list.
    std::size_t visit(const site& at) { return workshop_.number_of(at); }

    [[nodiscard]] memory& atomics() noexcept { return memory_; }
    [[nodiscard]] plain_data& plain() noexcept { return plain_; }

private:
    struct model_thread {
        fiber stack;
        thread_locals locals;
        std::function<void()> body;
        bool ended = false;
        bool detached = false;
        // For those who join it.
        vector_clock past;
        vector_clock seen;
    };

    static void main_of(void* self) noexcept;
    static object_id end_of(thread_id thread) noexcept;
    void go_on();
    void change_to(thread_id next) noexcept;
    [[noreturn]] void end() noexcept;
    void leave_stacks() noexcept;
    [[nodiscard]] std::string who_waits() const;
    void watch(std::size_t size) noexcept;

    static world* current_;
    static bool in_program_;

    workshop& workshop_;
    run_settings settings_;
    execution engine_;
    memory memory_;
    plain_data plain_;
    row<model_thread*> threads_;  // never destroyed: their stacks may have been left in the middle
    fiber runner_;
    thread_locals runner_locals_;
    thread_id self_ = no_thread;
    std::uint32_t awaited_ = 0;  // threads that the run waits for
    bool timed_out_ = false;
    bool pruned_ = false;
    bool over_ = false;
    std::uint32_t numbers_ = 0;
    std::uint64_t accesses_ = 0;  // since the last point
    std::string failure_;
    std::vector<std::string> story_;
};

}  // namespace twill::inline TWILL_ABI::explore::model
