#include "search/reindexing.hpp"

#include "mixed/serving.hpp"

#include <search/service.hpp>

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/runtime.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

namespace twill::inline TWILL_ABI::bench {
namespace {

using namespace std::chrono_literals;

words files_in(const std::string& folder) {
    words all;
    for (const auto& each : std::filesystem::directory_iterator(folder))
        all.push_back(each.path().string());
    return all;
}

// With the byte that it begins with, which makes it a changed file and costs the writer little.
void write_again(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    char first = 0;
    const bool done =
        file >= 0 && ::pread(file, &first, 1, 0) == 1 && ::pwrite(file, &first, 1, 0) == 1;
    const int failure = errno;
    if (file >= 0) ::close(file);
    if (!done) throw io_error("write", path, failure);
}

task<> change_all_for_ever(const search::index& files, words paths) {
    for (;;) {
        const auto& seen = files.statistics();
        const std::uint64_t before = seen.read;
        co_await blocking([&] {
            for (const auto& each : paths) write_again(each);
        });
        for (std::uint64_t read = 0; read < paths.size(); co_await sleep(1ms)) {
            const std::uint64_t now = std::min<std::uint64_t>(seen.read - before, paths.size());
            rows_done += now - read;
            read = now;
        }
    }
}

task<> serve(std::string folder, bool changes) {
    search::service here(
        {.index = {.folders = search::folders_to_index({folder})}, .port = 0, .searches = 1000});
    co_await scope([&](scope_ref s) -> task<> {
        s.spawn([&] { return here.run(); });
        co_await here.files().ready().wait();
        if (changes) s.spawn(change_all_for_ever, std::cref(here.files()), files_in(folder));
        print("port", here.local().port());
    });
}

}  // namespace

void run_reindexing(const words& given) {
    const named_words options(given);
    if (const long iterations = options.count("--calibrate"))
        return calibrate(static_cast<std::uint32_t>(iterations));
    obey_input();
    run([&] { return serve(options.text("--folder"), options.text("--job") == "on"); });
}

}  // namespace twill::inline TWILL_ABI::bench
