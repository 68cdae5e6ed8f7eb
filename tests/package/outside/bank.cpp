// Loses money under some schedules; not when it is run with the argument "mended".
#include <cstdio>
#include <mutex>
#include <string_view>
#include <thread>

namespace {

std::mutex lock;
int balance = 100;

void withdraw(int amount, bool mended) {
    std::unique_lock held(lock);
    const int seen = balance;
    if (!mended) {
        held.unlock();
        held.lock();
    }
    balance = seen - amount;
}

}  // namespace

int main(int argc, char** argv) {
    const bool mended = argc > 1 && std::string_view(argv[1]) == "mended";
    std::thread a(withdraw, 10, mended);
    std::thread b(withdraw, 20, mended);
    a.join();
    b.join();
    if (balance == 70) return 0;
    std::puts("money is lost");
    return 1;
}
