// Scene, audio and network call each other with their locks held: a ring of three.
//
// bug: deadlock by lock order, three locks in three modules
// from: Lu, Park, Seo, Zhou, "Learning from mistakes" (ASPLOS 2008), deadlocks of more than two
//     resources
// expect: deadlock inversion
// mode: sync

#include <cassert>
#include <mutex>
#include <thread>

struct module {
    std::mutex mutex;
    int events = 0;
};

static module scene, audio, network;

static void call(module& caller, module& callee) {
#ifdef FIXED
    {
        std::lock_guard lock(caller.mutex);
        ++caller.events;
    }
    std::lock_guard lock(callee.mutex);
    ++callee.events;
#else
    std::lock_guard outer(caller.mutex);
    ++caller.events;
    std::lock_guard inner(callee.mutex);
    ++callee.events;
#endif
}

int main() {
    std::thread draw([] { call(scene, audio); });
    std::thread play([] { call(audio, network); });
    std::thread receive([] { call(network, scene); });
    draw.join();
    play.join();
    receive.join();
    assert(scene.events + audio.events + network.events == 6);
}
