// Forks without exec, as a program might that does not know better.
#pragma once

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace twill_test {

struct child_end {
    std::string said;  // on standard error
    int status = 0;    // as waitpid gives it

    [[nodiscard]] int exit_status() const {
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
};

// Forks where it is made, and both processes go on.
class forked {
public:
    forked() {
        EXPECT_EQ(::pipe(ends_), 0);
        child_ = ::fork();
        if (!in_child()) return;
        ::dup2(ends_[1], STDERR_FILENO);
        ::alarm(30);  // for one that hangs
    }
    [[nodiscard]] bool in_child() const { return child_ == 0; }

    // In the parent, once.
    [[nodiscard]] child_end wait() const {
        ::close(ends_[1]);
        child_end result;
        char buffer[512];
        for (ssize_t got = 0; (got = ::read(ends_[0], buffer, sizeof buffer)) > 0;)
            result.said.append(buffer, static_cast<std::size_t>(got));
        ::close(ends_[0]);
        EXPECT_EQ(::waitpid(child_, &result.status, 0), child_);
        return result;
    }

private:
    int ends_[2] = {-1, -1};
    pid_t child_ = -1;
};

// The end of a child that calls `what`, whose result is its exit status.
template <class F>
child_end in_child(F&& what) {
    const forked here;
    if (here.in_child()) ::_exit(what());
    return here.wait();
}

}  // namespace twill_test
