// Threads that wait for each other by pipes, sockets, timers and the like.
#include "scenario.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

struct pipe_ends {
    int reading = -1;
    int writing = -1;

    pipe_ends() {
        int both[2];
        if (pipe(both) == 0) reading = both[0], writing = both[1];
    }
    ~pipe_ends() {
        close(reading);
        if (writing >= 0) close(writing);
    }
};

void pipe_hands_over() {
    pipe_ends ends;
    int value = 0;
    std::thread writes([&] {
        value = 7;
        assert(write(ends.writing, "x", 1) == 1);
    });
    char got = 0;
    assert(read(ends.reading, &got, 1) == 1);
    assert(got == 'x' && value == 7);
    writes.join();
}

// All comes through, in the right order.
void read_all(int reading, const std::vector<char>& all) {
    std::vector<char> some(50'000);
    std::size_t sum = 0;
    for (ssize_t got = 1; got != 0; sum += std::size_t(got)) {
        got = read(reading, some.data(), some.size());
        assert(got >= 0 && sum + std::size_t(got) <= all.size());
        assert(std::memcmp(some.data(), all.data() + sum, std::size_t(got)) == 0);
    }
    assert(sum == all.size());
}

// More than a pipe holds, so both have to wait.
void pipe_takes_more_than_it_holds() {
    pipe_ends ends;
    const std::vector<char> all(300'000, 'a');
    std::thread writes([&] {
        assert(write(ends.writing, all.data(), all.size()) == ssize_t(all.size()));
        close(ends.writing);
        ends.writing = -1;
    });
    read_all(ends.reading, all);
    writes.join();
}

// The same in many parts of different letters, into a pipe and into a socket.
void many_parts_are_written_as_one() {
    std::vector<char> all(400'000);
    for (std::size_t i = 0; i != all.size(); ++i) all[i] = char('a' + i / 3'000 % 26);
    std::vector<iovec> parts;
    for (std::size_t at = 0; at != all.size(); at += 10'000)
        parts.push_back({all.data() + at, 10'000});

    pipe_ends ends;
    std::thread writes([&] {
        assert(writev(ends.writing, parts.data(), int(parts.size())) == ssize_t(all.size()));
        close(ends.writing);
        ends.writing = -1;
    });
    read_all(ends.reading, all);
    writes.join();

    int both[2];
    assert(socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0);
    std::thread sends([&] {
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = parts.size();
        assert(sendmsg(both[0], &message, 0) == ssize_t(all.size()));
        close(both[0]);
    });
    read_all(both[1], all);
    sends.join();
    close(both[1]);
}

// Nothing else belongs to a datagram, and what was looked at is still there.
void waits_for_all_that_there_is() {
    int ends[2];
    char got[8];
    assert(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
    assert(send(ends[0], "abc", 3, 0) == 3);
    assert(recv(ends[1], got, sizeof got, MSG_WAITALL) == 3);
    assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    assert(send(ends[0], "abc", 3, 0) == 3);
    // Natively it waits for more.
    assert(recv(ends[1], got, 6, MSG_WAITALL | MSG_PEEK) <= 3);
    assert(recv(ends[1], got, 3, MSG_WAITALL) == 3 && std::memcmp(got, "abc", 3) == 0);
}

void pipe_is_never_written() {
    pipe_ends ends;
    std::thread reads([&] {
        char got = 0;
        static_cast<void>(read(ends.reading, &got, 1));
    });
    reads.join();
}

// Each asks for a lock or waits for the other's byte with the lock held.
void reads_with_a_lock_held() {
    pipe_ends ends;
    std::mutex lock;
    std::thread writes([&] {
        const std::lock_guard hold(lock);
        assert(write(ends.writing, "x", 1) == 1);
    });
    {
        const std::lock_guard hold(lock);
        char got = 0;
        assert(read(ends.reading, &got, 1) == 1);
    }
    writes.join();
}

void sockets_converse() {
    int ends[2];
    assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    std::thread answers([&] {
        char letter = 0;
        while (recv(ends[1], &letter, 1, 0) == 1) {
            ++letter;
            assert(send(ends[1], &letter, 1, MSG_NOSIGNAL) == 1);
        }
    });
    for (char letter = 'a'; letter != 'd'; ++letter) {
        assert(send(ends[0], &letter, 1, MSG_NOSIGNAL) == 1);
        char got = 0;
        assert(recv(ends[0], &got, 1, MSG_WAITALL) == 1 && got == letter + 1);
    }
    shutdown(ends[0], SHUT_WR);
    answers.join();
    close(ends[0]);
    close(ends[1]);
}

int listen_here(sockaddr_in& at) {
    const int listens = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at = {};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    assert(bind(listens, reinterpret_cast<sockaddr*>(&at), size) == 0 && listen(listens, 4) == 0);
    assert(getsockname(listens, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    return listens;
}

void server_and_client() {
    sockaddr_in at;
    const int listens = listen_here(at);
    std::thread serves([&] {
        const int peer = accept(listens, nullptr, nullptr);
        assert(peer >= 0);
        char text[8] = {};
        assert(recv(peer, text, 5, MSG_WAITALL) == 5 && std::strcmp(text, "hello") == 0);
        assert(write(peer, "bye", 3) == 3);
        close(peer);
    });
    const int mine = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(connect(mine, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    assert(write(mine, "hello", 5) == 5);
    char text[8] = {};
    assert(recv(mine, text, 3, MSG_WAITALL) == 3 && std::strcmp(text, "bye") == 0);
    serves.join();
    close(mine);
    close(listens);
}

void nobody_connects() {
    sockaddr_in at;
    const int listens = listen_here(at);
    std::thread serves([&] { static_cast<void>(accept(listens, nullptr, nullptr)); });
    serves.join();
}

void poll_has_a_limit() {
    pipe_ends ends;
    pollfd one{ends.reading, POLLIN, 0};
    assert(poll(&one, 1, 3'600'000) == 0);  // an hour
    assert(poll(&one, 1, 0) == 0);
    std::thread writes([&] { assert(write(ends.writing, "x", 1) == 1); });
    assert(poll(&one, 1, -1) == 1 && one.revents == POLLIN);
    writes.join();
}

void select_sees_who_is_ready() {
    pipe_ends a, b;
    std::thread writes([&] { assert(write(b.writing, "x", 1) == 1); });
    fd_set set;
    FD_ZERO(&set);
    FD_SET(a.reading, &set);
    FD_SET(b.reading, &set);
    assert(select(1 + (a.reading > b.reading ? a.reading : b.reading), &set, nullptr, nullptr,
                  nullptr) == 1);
    assert(FD_ISSET(b.reading, &set) && !FD_ISSET(a.reading, &set));
    writes.join();
}

// A loop that spins on a descriptor that does not wait.
void asks_again_and_again() {
    const int counter = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    std::thread adds([&] { assert(eventfd_write(counter, 2) == 0); });
    eventfd_t value = 0;
    while (eventfd_read(counter, &value) != 0) assert(errno == EAGAIN);
    assert(value == 2);
    adds.join();
    close(counter);
}

void timers_fire_in_virtual_time() {
    const int set = epoll_create1(EPOLL_CLOEXEC);
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    assert(epoll_ctl(set, EPOLL_CTL_ADD, timer, &event) == 0);
    // Set while the other one waits already, or before.
    std::thread sets([&] {
        const itimerspec hourly{{3600, 0}, {60, 0}};
        assert(timerfd_settime(timer, 0, &hourly, nullptr) == 0);
    });
    for (int i = 0; i != 3; ++i) {
        assert(epoll_wait(set, &event, 1, -1) == 1);
        std::uint64_t times = 0;
        assert(read(timer, &times, sizeof times) == sizeof times && times == 1);
    }
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    assert(now.tv_sec >= 1000 + 60 + 2 * 3600);
    sets.join();
    close(timer);
    close(set);
}

// Each time that it fires is an edge, and what was not read adds up.
void timer_fires_unread() {
    const int set = epoll_create1(EPOLL_CLOEXEC);
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    assert(epoll_ctl(set, EPOLL_CTL_ADD, timer, &event) == 0);
    const itimerspec hourly{{3600, 0}, {3600, 0}};
    assert(timerfd_settime(timer, 0, &hourly, nullptr) == 0);
    for (int i = 0; i != 3; ++i) assert(epoll_wait(set, &event, 1, -1) == 1);
    std::uint64_t times = 0;
    iovec halves[] = {{&times, 4}, {reinterpret_cast<char*>(&times) + 4, 4}};
    assert(readv(timer, halves, 2) == sizeof times && times == 3);
    close(timer);
    close(set);
}

void child_writes() {
    pipe_ends ends;
    const pid_t child = fork();
    if (child == 0) {
        usleep(20'000);
        _exit(write(ends.writing, "x", 1) == 1 ? 0 : 1);
    }
    std::thread reads([&] {
        char got = 0;
        assert(read(ends.reading, &got, 1) == 1);
    });
    reads.join();
    waitpid(child, nullptr, 0);
}

// A child that has ended holds nothing, though nobody has waited for it; nor does one that was not
// given the pipe.
void pipe_is_never_written_beside_children() {
    pid_t ended = 0;
    char name[] = "true";
    char* arguments[] = {name, nullptr};
    assert(posix_spawnp(&ended, name, nullptr, nullptr, arguments, environ) == 0);
    siginfo_t end{};
    assert(waitid(P_PID, id_t(ended), &end, WEXITED | WNOWAIT) == 0);
    assert(popen("cat", "w") != nullptr);
    int ends[2];
    assert(pipe2(ends, O_CLOEXEC) == 0);
    std::thread([&] {
        char got = 0;
        static_cast<void>(read(ends[0], &got, 1));
    }).join();
}

// Both ends are open here, and it takes longer than threads of this process are waited for.
void spawned_child_writes() {
    pipe_ends ends;
    const auto command = "sleep 0.03; echo x >&" + std::to_string(ends.writing);
    std::FILE* const child = popen(command.c_str(), "w");
    std::thread([&] {
        char got = 0;
        assert(read(ends.reading, &got, 1) == 1 && got == 'x');
    }).join();
    assert(pclose(child) == 0);
}

// The number belongs to the reading end of another pipe when it comes to the write: EBADF, at once.
void writes_to_a_reading_end() {
    int first[2];
    assert(pipe(first) == 0);
    std::thread writes([&] {
        const auto done = write(first[1], "x", 1);
        assert(done == 1 || errno == EBADF);
    });
    close(first[1]);
    int second[2];
    assert(pipe(second) == 0 && second[0] == first[1]);
    writes.join();
    close(first[0]);
    close(second[0]);
    close(second[1]);
}

// The number belongs to a pipe that does not wait when it comes to the read, or while that waits.
// (Natively a read that waits keeps to the pipe that it began with, and comes to its end.)
void reads_from_a_number_that_does_not_wait() {
    int first[2], second[2];
    assert(pipe(first) == 0 && pipe2(second, O_NONBLOCK) == 0);
    std::thread reads([&] {
        char got = 0;
        const auto done = read(first[0], &got, 1);
        assert(done == 0 || errno == EAGAIN);
    });
    assert(dup2(second[0], first[0]) == first[0]);
    close(first[1]);
    reads.join();
    close(first[0]);
    close(second[0]);
    close(second[1]);
}

constexpr scenario all[] = {
    {"pipe_is_never_written_beside_children", pipe_is_never_written_beside_children},
    {"reads_from_a_number_that_does_not_wait", reads_from_a_number_that_does_not_wait},
    {"spawned_child_writes", spawned_child_writes},
    {"writes_to_a_reading_end", writes_to_a_reading_end},
    {"pipe_hands_over", pipe_hands_over},
    {"pipe_takes_more_than_it_holds", pipe_takes_more_than_it_holds},
    {"many_parts_are_written_as_one", many_parts_are_written_as_one},
    {"waits_for_all_that_there_is", waits_for_all_that_there_is},
    {"pipe_is_never_written", pipe_is_never_written},
    {"reads_with_a_lock_held", reads_with_a_lock_held},
    {"sockets_converse", sockets_converse},
    {"server_and_client", server_and_client},
    {"nobody_connects", nobody_connects},
    {"poll_has_a_limit", poll_has_a_limit},
    {"select_sees_who_is_ready", select_sees_who_is_ready},
    {"asks_again_and_again", asks_again_and_again},
    {"timers_fire_in_virtual_time", timers_fire_in_virtual_time},
    {"timer_fires_unread", timer_fires_unread},
    {"child_writes", child_writes},
};

}  // namespace

int main(int argc, char** argv) { return run_scenario(argc, argv, all); }
