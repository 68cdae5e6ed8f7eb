#include <twill/core/cancellation.hpp>
#include <twill/core/error.hpp>
#include <twill/core/finally.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/when_all.hpp>
#include <twill/io/process.hpp>

#include <algorithm>
#include <cerrno>

namespace twill::inline TWILL_ABI {
namespace {

bool is(const stdio& stream, stdio::kind kind) noexcept { return stream.what() == kind; }

task<> feed(process& child, std::string_view input) {
    try {
        co_await child.in().write_all(input);
    } catch (const io_error& failure) {
        // The child has read what it wanted.
        if (failure.code() != std::errc::broken_pipe) throw;
    }
    child.in().close();
}

// Reads to the end of the stream, or until there is more than `most`.
task<> capture(pipe_reader& from, std::string& into, std::size_t most) {
    constexpr std::size_t least = 16384;
    std::size_t have = 0;
    while (have <= most) {
        if (have == into.size()) into.resize(std::min(std::max(least, 2 * have), most) + 1);
        const std::size_t got =
            co_await from.read_some(std::as_writable_bytes(std::span(into)).subspan(have));
        if (got == 0) break;
        have += got;
    }
    if (have > most)
        throw io_error("keep the output of",
                       "a child process that wrote more than " + std::to_string(most) + " bytes",
                       EFBIG);
    into.resize(have);
}

task<> capture_both(process& child, const command& how, process_output& made, std::size_t most) {
    const bool out = is(how.out, stdio::kind::pipe);
    const bool err = is(how.err, stdio::kind::pipe);
    std::vector<task<>> captures;
    if (out) captures.push_back(capture(child.out(), made.out, most));
    if (err) captures.push_back(capture(child.err(), made.err, most));
    co_await when_all(std::move(captures));
}

}  // namespace

task<process_output> run_process(command what, run_process_options options) {
    co_await check_cancelled();
    if (is(what.in, stdio::kind::inherit))
        what.in = options.input.empty() ? stdio::null() : stdio::pipe();
    if (is(what.out, stdio::kind::inherit)) what.out = stdio::pipe();
    if (is(what.err, stdio::kind::inherit)) what.err = stdio::pipe();

    process child = process::start(what);
    process_output made;
    // The child is reaped last, so that its group can be signalled as long as anything of it may
    // hold a stream open.
    auto attend = [&](scope_ref s) -> task<> {
        if (is(what.in, stdio::kind::pipe))
            s.spawn(feed, std::ref(child), std::string_view(options.input));
        co_await capture_both(child, what, made, options.max_output);
        co_await child.ended();
        s.cancel();
    };
    auto stop_unless_ended = [&]() -> task<> {
        if (child.status()) co_return;
        co_await child.terminate(options.grace);
    };
    auto to_the_end = [&]() -> task<> {
        co_await scope(attend);
        made.status = co_await child.wait();
    };
    co_await finally(to_the_end(), stop_unless_ended, options.grace + default_cleanup_limit);
    co_return made;
}

}  // namespace twill::inline TWILL_ABI
