// One program for the tests of memory mode: its argument names what it does wrong, or right.
//
// What matters is on lines that end in a comment, by which the tests find them.
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#if defined(__GNUC__) && !defined(__clang__)
// "atomic_thread_fence is not supported": by GCC's own library.
#pragma GCC diagnostic ignored "-Wtsan"
#endif

namespace {

using std::memory_order;

void both(const std::function<void()>& one, const std::function<void()>& other) {
    std::thread first(one), second(other);
    first.join();
    second.join();
}

std::mutex mutex;
int counter;

void unguarded_increment() {
    counter = counter + 1;  // race
}
void guarded_increment() {
    const std::lock_guard held(mutex);
    counter = counter + 1;
}

// The race is declared to be none, so that only what it leads to is left to be found: an update
// that is lost between two accesses to memory.
extern "C" void AnnotateBenignRaceSized(const char* file, int line, const volatile void* begin,
                                        unsigned long size, const char* what);

void lose_update() {
    AnnotateBenignRaceSized(__FILE__, __LINE__, &counter, sizeof counter, "on purpose");
    both(unguarded_increment, unguarded_increment);
    if (counter != 2) std::abort();  // lost
}

// A message by way of a flag.

int message;
std::atomic<int> sent;

void send(memory_order order) {
    message = 42;  // message written
    sent.store(1, order);
}
void receive(memory_order order) {
    while (sent.load(order) == 0) {
    }
    if (message != 42) std::abort();  // message read
}
void send_by_fence() {
    message = 42;
    std::atomic_thread_fence(memory_order::release);
    sent.store(1, memory_order::relaxed);
}
void receive_by_fence() {
    while (sent.load(memory_order::relaxed) == 0) {
    }
    std::atomic_thread_fence(memory_order::acquire);
    if (message != 42) std::abort();
}

volatile int plain_flag;

void wait_for_plain_flag() {
    while (plain_flag == 0) {
    }
}

// A local static, and std::call_once: whoever comes second has seen what the first did.

struct config {
    int value = 7;
    std::string text = "seven";
};

int read_local_static() {
    static const config made;
    return made.value + static_cast<int>(made.text.size());
}

std::once_flag once;
config* made_once;

void use_once() {
    std::call_once(once, [] { made_once = new config; });
    if (made_once->value != 7) std::abort();
}

// A node that one thread takes out and frees while another still has its address. All is done
// under a lock, so that nothing races: it is wrong in one order only.

struct node {
    long value = 7;
    long more = 8;
};
node* head;

void remove_node() {
    const std::lock_guard held(mutex);
    delete std::exchange(head, nullptr);  // freed
}
void read_twice() {
    const node* found = nullptr;
    {
        const std::lock_guard held(mutex);
        found = head;
    }
    if (found == nullptr) return;
    const std::lock_guard held(mutex);
    if (found->more != 8) std::abort();  // used
}
void remove_node_twice() {
    node* found = nullptr;
    {
        const std::lock_guard held(mutex);
        found = head;
    }
    const std::lock_guard held(mutex);
    delete found;  // freed twice
}

void write_behind_the_end() {
    const auto row = std::make_unique<int[]>(5);
    volatile int* volatile at = row.get();
    at[5] = 1;  // behind
}

// Threads that work on one stack, and copy over the same buffer.

void race_on_the_stack() {
    int local = 0;
    both([&] { local = 1; },   // one local
         [&] { local = 2; });  // other local
}

char buffer[64];

void copy_in() {
    char mine[64];
    std::memset(mine, 1, sizeof mine);
    std::memcpy(buffer, mine, sizeof mine);  // copied
}
void look_at_byte() {
    volatile char seen = buffer[40];  // looked at
    static_cast<void>(seen);
}

// Atomic operations of each size that the compiler hands over.

template <class T>
void check_atomics() {
    alignas(sizeof(T)) T object = 5;
    T expected = 5;
    constexpr int order = __ATOMIC_SEQ_CST;
    bool good = __atomic_load_n(&object, order) == 5;
    good &= __atomic_fetch_add(&object, T(3), order) == 5 && object == 8;
    good &= __atomic_fetch_sub(&object, T(1), order) == 8 && object == 7;
    good &= __atomic_fetch_and(&object, T(6), order) == 7 && object == 6;
    good &= __atomic_fetch_or(&object, T(9), order) == 6 && object == 15;
    good &= __atomic_fetch_xor(&object, T(5), order) == 15 && object == 10;
    good &= __atomic_fetch_nand(&object, T(2), order) == 10 && object == T(~T(2));
    good &= __atomic_exchange_n(&object, T(9), order) == T(~T(2)) && object == 9;
    good &= !__atomic_compare_exchange_n(&object, &expected, T(1), false, order, order);
    good &= expected == 9 && object == 9;
    good &= __atomic_compare_exchange_n(&object, &expected, T(1), false, order, order);
    good &= object == 1;
    __atomic_store_n(&object, T(-1), order);
    good &= object == T(-1);
    if (!good) std::abort();
}

void check_all_atomics() {
    check_atomics<std::uint8_t>();
    check_atomics<std::uint16_t>();
    check_atomics<std::uint32_t>();
    check_atomics<std::uint64_t>();
#ifdef __GCC_HAVE_SYNC_COMPARE_AND_SWAP_16
    __extension__ using wide = unsigned __int128;
    check_atomics<wide>();
#endif
}

struct story {
    std::string_view name;
    std::function<void()> tell;
};

// A value that goes along with a byte through a pipe; or a moment after it.
int piped = 0;
volatile int seen_of_piped = 0;  // so that it is read
void hand_over_by_pipe(bool in_time) {
    int ends[2];
    if (pipe(ends) != 0) return;
    both(
        [&] {
            if (in_time) piped = 1;
            static_cast<void>(!write(ends[1], "x", 1));
            if (!in_time) piped = 1;  // piped too late
        },
        [&] {
            char got = 0;
            static_cast<void>(!read(ends[0], &got, 1));
            seen_of_piped = piped;
        });
    close(ends[0]);
    close(ends[1]);
}

// Readers exclude writers, not each other.
std::shared_mutex shared_lock;
int counted = 0;
void count_as_reader() {
    const std::shared_lock hold(shared_lock);
    ++counted;  // counts as a reader
}
void count_as_writer() {
    const std::unique_lock hold(shared_lock);
    ++counted;
}
void look_as_reader() {
    const std::shared_lock hold(shared_lock);
    if (counted > 2) std::abort();
}

// Two threads sleep at it, after they have looked a few times; one is woken.
std::atomic<int> gate = 0;
void pass_gate() { gate.wait(0); }
void open_gate(bool for_all) {
    std::thread opens([for_all] {
        gate = 1;
        if (for_all)
            gate.notify_all();
        else
            gate.notify_one();
    });
    both(pass_gate, pass_gate);
    opens.join();
}

// A text that one thread writes while the other reads it, by functions of libc.
char text[32] = "before";
volatile std::size_t seen_length = 0;
void write_text() {
    std::strcpy(text, "after that");  // text written
}
void read_text() {
    seen_length = std::strlen(text);  // text measured
}
void print_text() {
    std::snprintf(text, sizeof text, "number %d", 7);  // text printed
}
volatile int seen_order = 0;
void compare_text() {
    seen_order = std::strcmp(text, "before");  // text compared
}

// Each in pages of his own, one after the other; the kernel mostly gives the same ones again.
void use_fresh_pages() {
    constexpr std::size_t size = 4096;
    auto* const page = static_cast<int*>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    *page = 1;
    munmap(page, size);
}

// The other side of the page goes away under its reader.
int* page = nullptr;
std::atomic<int> page_read = 0;
void read_page() {
    seen_order = *page;  // page read
    page_read.store(1, std::memory_order_relaxed);
}
void unmap_page() {
    while (page_read.load(std::memory_order_relaxed) == 0) {
    }
    munmap(page, 4096);  // page unmapped
}

// The handler runs while its thread looks at an atomic, and calls nothing.
std::atomic<int> handled = 0;
void signal_a_spinner() {
    std::signal(SIGUSR1, [](int) { handled = 1; });
    std::thread spins([] {
        while (handled == 0) {
        }
    });
    pthread_kill(spins.native_handle(), SIGUSR1);
    spins.join();
}

const story stories[] = {
    {"text-copied", [] { both(write_text, read_text); }},
    {"text-printed", [] { both(print_text, compare_text); }},
    {"fresh-pages", [] { both(use_fresh_pages, use_fresh_pages); }},
    {"page-unmapped",
     [] {
         page = static_cast<int*>(
             mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
         both(read_page, unmap_page);
     }},
    {"signalled-spinner", signal_a_spinner},
    {"readers-write", [] { both(count_as_reader, count_as_reader); }},
    {"readers-and-writers",
     [] {
         std::thread third(look_as_reader);
         both(count_as_writer, count_as_writer);
         third.join();
     }},
    {"gate-for-one", [] { open_gate(false); }},
    {"gate-for-all", [] { open_gate(true); }},
    {"pipe", [] { hand_over_by_pipe(true); }},
    {"pipe-too-late", [] { hand_over_by_pipe(false); }},
    {"race", [] { both(unguarded_increment, unguarded_increment); }},
    {"race-mended", [] { both(guarded_increment, guarded_increment); }},
    {"lost-update", lose_update},
    {"release-acquire",
     [] { both([] { send(memory_order::release); }, [] { receive(memory_order::acquire); }); }},
    {"relaxed",
     [] { both([] { send(memory_order::relaxed); }, [] { receive(memory_order::relaxed); }); }},
    {"local-static", [] { both(read_local_static, read_local_static); }},
    {"call-once", [] { both(use_once, use_once); }},
    {"fences", [] { both(send_by_fence, receive_by_fence); }},
    {"plain-flag", [] { both([] { plain_flag = 1; }, wait_for_plain_flag); }},
    {"use-after-free",
     [] {
         head = new node;  // allocated
         both(remove_node, read_twice);
     }},
    {"double-free",
     [] {
         head = new node;
         both(remove_node_twice, remove_node_twice);
     }},
    {"free-mended",
     [] {
         head = new node;
         both(remove_node, [] {
             const std::lock_guard held(mutex);
             if (head != nullptr && head->more != 8) std::abort();
         });
     }},
    {"out-of-bounds", write_behind_the_end},
    {"stack", race_on_the_stack},
    {"ranges", [] { both(copy_in, look_at_byte); }},
    {"atomics", [] { both(check_all_atomics, check_all_atomics); }},
};

}  // namespace

int main(int argc, char** argv) {
    for (const auto& each : stories)
        if (argc == 2 && each.name == argv[1]) {
            each.tell();
            return 0;
        }
    return 3;
}
