// What the service counts, for /metrics and for the page's plots.
#pragma once

#include <twill/core/time.hpp>
#include <twill/runtime/blocking_pool.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/runtime.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace search {

// How long things took: counts in buckets whose widths are an eighth of a power of two of
// microseconds, so a quantile is right to an eighth. Any thread.
class durations {
public:
    static constexpr std::size_t steps = 8;     // in an octave
    static constexpr std::size_t octaves = 28;  // up to four minutes
    using counts = std::array<std::uint64_t, octaves * steps>;

    void add(twill::duration took) noexcept;

    [[nodiscard]] counts read() const noexcept;
    [[nodiscard]] double seconds() const noexcept;

    // The upper end of the bucket that the q-th part of the counts ends in, in seconds; 0 of none.
    [[nodiscard]] static double quantile(const counts& of, double q) noexcept;
    // The upper end of a bucket in seconds.
    [[nodiscard]] static double end_of(std::size_t bucket) noexcept;

private:
    std::array<std::atomic<std::uint64_t>, octaves * steps> counts_{};
    std::atomic<std::uint64_t> microseconds_{0};
};

enum class route : std::uint8_t { page, search, file, stats, metrics, health, other };
inline constexpr std::array<std::string_view, 7> route_names = {
    "/", "/search", "/file", "/stats", "/metrics", "/health", "other"};
[[nodiscard]] route route_of(std::string_view path) noexcept;

// How a search ended.
enum class ending : std::uint8_t {
    complete,
    limit,      // with as many lines as were asked for
    late,       // its time was up
    cancelled,  // nobody wanted it any more
    refused,    // a bad query
    busy,       // too many others
};
inline constexpr std::array<std::string_view, 6> ending_names = {"complete",  "limit",   "late",
                                                                 "cancelled", "refused", "busy"};

// Any thread.
struct metrics {
    std::array<std::array<std::atomic<std::uint64_t>, 600>, route_names.size()> requests{};
    durations request_times;  // but of streams, which last as long as somebody looks
    std::array<std::atomic<std::uint64_t>, ending_names.size()> searches{};
    durations search_times;
    durations first_results;  // until the first lines were sent
    std::atomic<std::int64_t> searching{0};
    std::atomic<std::uint64_t> scanned_bytes{0};
    std::atomic<std::uint64_t> scanned_documents{0};
    std::atomic<std::uint64_t> found_lines{0};

    void request(std::string_view path, int status, twill::duration took) noexcept;
    void search_ended(ending how, twill::duration took) noexcept;
    [[nodiscard]] std::uint64_t all_requests() const noexcept;
};

// What the runtime's pools had done when they were asked.
struct pool_figures {
    twill::runtime_statistics event;
    twill::compute_pool::statistics compute;
    twill::blocking_pool::statistics blocking;
};
[[nodiscard]] pool_figures ask_pools(twill::runtime& in);

}  // namespace search
