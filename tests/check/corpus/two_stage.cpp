// An order is entered in the list, then in the index by its number; a reader comes in between.
//
// bug: atomicity violation, two stages under two locks
// from: twostage in Eytani et al. (2007) and in Thomson, Donaldson, Betts, "Concurrency testing
//     using schedule bounding" (PPoPP 2014)
// expect: assertion
// mode: sync

#include <cassert>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

struct order {
    int number;
    int amount;
};

class order_book {
public:
    void enter(order o) {
#ifdef FIXED
        std::scoped_lock lock(list_mutex_, index_mutex_);
        orders_.push_back(o);
        index_[o.number] = orders_.size() - 1;
#else
        std::size_t place;
        {
            std::lock_guard lock(list_mutex_);
            orders_.push_back(o);
            place = orders_.size() - 1;
        }
        std::lock_guard lock(index_mutex_);
        index_[o.number] = place;
#endif
    }

    // Every order that the list shows must be found by its number.
    void print_last() {
#ifdef FIXED
        std::scoped_lock lock(list_mutex_, index_mutex_);
        if (orders_.empty()) return;
        assert(index_.count(orders_.back().number) == 1);
#else
        int number;
        {
            std::lock_guard lock(list_mutex_);
            if (orders_.empty()) return;
            number = orders_.back().number;
        }
        std::lock_guard lock(index_mutex_);
        assert(index_.count(number) == 1);
#endif
    }

private:
    std::mutex list_mutex_;
    std::mutex index_mutex_;
    std::vector<order> orders_;
    std::map<int, std::size_t> index_;
};

int main() {
    order_book book;
    std::thread clerk([&] {
        book.enter({17, 250});
        book.enter({18, 90});
    });
    std::thread printer([&] { book.print_last(); });
    clerk.join();
    printer.join();
}
