// pop() of a lock-free stack deletes the node that another pop() is about to look into.
//
// bug: use after free, memory reclaimed under a lock-free reader
// from: Treiber, "Systems programming: coping with parallelism" (1986); Michael, "Hazard pointers"
//     (2004)
// expect: crash race
// mode: memory

#include <atomic>
#include <cassert>
#include <thread>

struct node {
    int value;
    node* next;
};

class lock_free_stack {
public:
    ~lock_free_stack() {
        free_all(top_);
        free_all(retired_);
    }

    void push(int value) { put(top_, new node{value, nullptr}); }

    int pop() {
        node* top = top_;
        do {
            if (top == nullptr) return 0;
        } while (!top_.compare_exchange_strong(top, top->next));
        int value = top->value;
#ifdef FIXED
        retire(top);
#else
        delete top;
#endif
        return value;
    }

private:
    // A retired node is freed with the stack: its `next` may still be read, and is not written
    // again.
    struct link {
        node* what;
        link* next;
    };

    static void put(std::atomic<node*>& list, node* n) {
        n->next = list;
        while (!list.compare_exchange_strong(n->next, n)) {
        }
    }

    void retire(node* n) {
        auto* l = new link{n, retired_};
        while (!retired_.compare_exchange_strong(l->next, l)) {
        }
    }

    static void free_all(node* n) {
        while (n != nullptr) {
            node* next = n->next;
            delete n;
            n = next;
        }
    }

    static void free_all(link* l) {
        while (l != nullptr) {
            link* next = l->next;
            delete l->what;
            delete l;
            l = next;
        }
    }

    std::atomic<node*> top_ = nullptr;
    std::atomic<link*> retired_ = nullptr;
};

int main() {
    lock_free_stack stack;
    for (int i = 1; i <= 3; ++i) stack.push(i);
    int sums[2] = {};
    auto drain = [&](int& sum) {
        while (int value = stack.pop()) sum += value;
    };
    std::thread other(drain, std::ref(sums[1]));
    drain(sums[0]);
    other.join();
    assert(sums[0] + sums[1] == 6);
}
