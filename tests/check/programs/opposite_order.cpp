// Two threads take two mutexes, each in its own order.
#include <mutex>
#include <thread>

namespace {

std::mutex first;
std::mutex second;
int changes = 0;

void forwards() {
    const std::lock_guard outer(first);
    const std::lock_guard inner(second);  // here it waits for the other
    ++changes;
}

void backwards() {
    const std::lock_guard outer(second);
    const std::lock_guard inner(first);
    ++changes;
}

}  // namespace

int main() {
    std::thread a(forwards);
    std::thread b(backwards);
    a.join();
    b.join();
    return changes == 2 ? 0 : 1;
}
