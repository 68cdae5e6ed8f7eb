// What tests of files and processes share.
#pragma once

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>

namespace twill_test {

namespace fs = std::filesystem;

class temporary_directory {
public:
    temporary_directory() {
        std::string name = (fs::temp_directory_path() / "twill-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        path_ = name;
    }
    ~temporary_directory() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    [[nodiscard]] std::string path() const { return path_.string(); }
    [[nodiscard]] std::string file(const std::string& name, const std::string& text,
                                   mode_t mode) const {
        const std::string at = (path_ / name).string();
        fs::create_directories(fs::path(at).parent_path());
        std::ofstream(at) << text;
        ::chmod(at.c_str(), mode);
        return at;
    }

private:
    fs::path path_;
};

// For bodies that change the process itself. True when `body` returned true.
inline bool in_another_process(const std::function<bool()>& body) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(body() ? 0 : 1);
    int status = -1;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace twill_test
