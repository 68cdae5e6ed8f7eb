// Reads under the lock, and writes under it later: what another wrote in between is lost.
// With the argument "mended" it holds the lock meanwhile.
#include <cassert>
#include <mutex>
#include <string_view>
#include <thread>

namespace {

std::mutex lock;
int balance = 100;

void withdraw(int amount) {
    int seen = 0;
    {
        const std::lock_guard held(lock);
        seen = balance;
    }
    const std::lock_guard held(lock);
    balance = seen - amount;
}

void withdraw_properly(int amount) {
    const std::lock_guard held(lock);
    balance -= amount;
}

}  // namespace

int main(int argc, char** argv) {
    const bool mended = argc > 1 && std::string_view(argv[1]) == "mended";
    std::thread a(mended ? withdraw_properly : withdraw, 10);
    std::thread b(mended ? withdraw_properly : withdraw, 20);
    a.join();
    b.join();
    assert(balance == 70);
}
