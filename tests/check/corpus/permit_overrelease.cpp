// A permit that was not got in time is given back all the same.
//
// bug: semaphore released without having been acquired
// from: Tu, Liu, Song, Zhang, "Understanding real-world concurrency bugs in Go" (ASPLOS 2019),
//     misuse of libraries; CWE-832
// expect: assertion
// mode: sync

#include <atomic>
#include <cassert>
#include <chrono>
#include <semaphore>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

static std::counting_semaphore<8> permits(1);
static std::atomic<int> running = 0;

static void download() {
    assert(running.fetch_add(1) == 0 && "more downloads than permits");
    std::this_thread::sleep_for(2ms);
    --running;
}

static void try_download() {
    bool allowed = permits.try_acquire_for(1ms);
    if (allowed) download();
#ifdef FIXED
    if (allowed) permits.release();
#else
    permits.release();
#endif
}

int main() {
    std::vector<std::thread> users;
    for (int i = 0; i < 4; ++i) users.emplace_back(try_download);
    for (auto& user : users) user.join();
}
