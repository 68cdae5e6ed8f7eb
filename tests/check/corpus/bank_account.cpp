// Tellers read the balance and write it back under the lock, but let go of it in between.
//
// bug: atomicity violation, lost update
// from: Eytani, Havelund, Stoller, Ur, "Towards a framework and a benchmark for testing tools for
//     multi-threaded programs" (2007), account
// expect: assertion
// mode: sync

#include <cassert>
#include <mutex>
#include <thread>

class account {
public:
    explicit account(long opening) : balance_(opening) {}

    long balance() const {
        std::lock_guard lock(mutex_);
        return balance_;
    }

    void set_balance(long balance) {
        std::lock_guard lock(mutex_);
        balance_ = balance;
    }

    void add(long amount) {
#ifdef FIXED
        std::lock_guard lock(mutex_);
        balance_ += amount;
#else
        set_balance(balance() + amount);
#endif
    }

private:
    mutable std::mutex mutex_;
    long balance_;
};

int main() {
    account savings(100);
    std::thread deposits([&] {
        for (int i = 0; i < 3; ++i) savings.add(10);
    });
    std::thread withdrawals([&] {
        for (int i = 0; i < 3; ++i) savings.add(-5);
    });
    deposits.join();
    withdrawals.join();
    assert(savings.balance() == 115);
}
