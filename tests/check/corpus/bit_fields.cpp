// Two flags, each with a lock of its own, share a word: to write one is to write both.
//
// bug: data race between adjacent bit-fields
// from: Boehm, "Threads cannot be implemented as a library" (PLDI 2005), rewriting of adjacent
//     data
// expect: race assertion
// mode: memory

#include <cassert>
#include <mutex>
#include <thread>

struct connection {
    std::mutex reader;
    std::mutex writer;
#ifdef FIXED
    bool read_closed;
    bool write_closed;
#else
    bool read_closed : 1;
    bool write_closed : 1;
#endif
};

static connection c;

int main() {
    std::thread receiver([] {
        std::lock_guard lock(c.reader);
        c.read_closed = true;
    });
    {
        std::lock_guard lock(c.writer);
        c.write_closed = true;
    }
    receiver.join();
    assert(c.read_closed && c.write_closed);
}
