// Names are appended under the lock, but a reference to one of them is used after the lock.
//
// bug: use after free, a growing vector moves its elements
// from: CERT CTR51-CPP, use valid references, pointers, and iterators, with threads; CWE-416
// expect: crash race
// mode: sync

#include <cassert>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

class name_table {
public:
    int add(std::string name) {
        std::lock_guard lock(mutex_);
        names_.push_back(std::move(name));
        return static_cast<int>(names_.size()) - 1;
    }

    const std::string& name(int index) {
        std::lock_guard lock(mutex_);
        return names_[static_cast<std::size_t>(index)];
    }

private:
    std::mutex mutex_;
#ifdef FIXED
    std::deque<std::string> names_;  // its elements stay where they are
#else
    std::vector<std::string> names_;
#endif
};

static std::mutex output;
static std::size_t letters = 0;

static void print(const std::string& text) {
    std::lock_guard lock(output);
    for (char letter : text) letters += letter != ' ';
}

int main() {
    name_table names;
    int root = names.add("the administrator of the machine");
    std::thread registrar([&] {
        names.add("somebody");
        names.add("somebody else");
    });
    print(names.name(root));
    registrar.join();
    assert(letters == 28);
}
