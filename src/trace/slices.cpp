#include <twill/core/event.hpp>
#include <twill/trace/slices.hpp>

#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace twill::inline TWILL_ABI::trace {
namespace {

struct bound {
    slice_kind kind;
    bool begins;
};

std::optional<bound> bound_of(event_kind kind) noexcept {
    switch (kind) {
        case event_kind::task_resume:
            return bound{slice_kind::task, true};
        case event_kind::task_suspend:
        case event_kind::task_end:
            return bound{slice_kind::task, false};
        case event_kind::region_begin:
            return bound{slice_kind::region, true};
        case event_kind::region_end:
            return bound{slice_kind::region, false};
        case event_kind::job_begin:
            return bound{slice_kind::job, true};
        case event_kind::job_end:
            return bound{slice_kind::job, false};
        case event_kind::park:
            return bound{slice_kind::park, true};
        case event_kind::unpark:
            return bound{slice_kind::park, false};
        case event_kind::blocking_begin:
            return bound{slice_kind::blocking, true};
        case event_kind::blocking_end:
            return bound{slice_kind::blocking, false};
        case event_kind::poll_begin:
            return bound{slice_kind::poll, true};
        case event_kind::poll_end:
            return bound{slice_kind::poll, false};
        case event_kind::span_begin:
            return bound{slice_kind::span, true};
        case event_kind::span_end:
            return bound{slice_kind::span, false};
        default:
            return std::nullopt;
    }
}

// A thread polls and parks once at a time: these pair without looking at the subject.
bool same(const slice& open, slice_kind kind, std::uint64_t subject) noexcept {
    return open.kind == kind &&
           (open.subject == subject || kind == slice_kind::park || kind == slice_kind::poll);
}

// Goes through the events of all threads in the order of time.
class slicer {
public:
    explicit slicer(const snapshot& seen) : seen_(seen), threads_(seen.threads.size()) {}

    slice_set run() {
        for (const auto [thread, index] : in_order()) {
            const event& what = seen_.threads[thread].events[index];
            if (const auto b = bound_of(what.kind)) {
                if (b->begins)
                    begin(thread, b->kind, what);
                else
                    end(thread, b->kind, what);
            } else if (what.kind == event_kind::task_spawn) {
                spawned_at_.insert_or_assign(what.subject, std::pair(what.label, what.value));
                causes_.insert_or_assign(what.subject, std::pair(thread, what.at));
            } else if (what.kind == event_kind::wake || what.kind == event_kind::promote) {
                causes_.insert_or_assign(what.subject, std::pair(thread, what.at));
            }
        }
        for (auto& thread : threads_)
            while (!thread.open.empty()) close_top(thread, seen_.to);
        for (const auto& [subject, span] : drifting_) cross(span, seen_.to);
        std::ranges::sort(result_.crossing, {},
                          [](const slice& s) { return std::pair(s.from, s.subject); });
        return std::move(result_);
    }

private:
    struct thread_state {
        std::vector<slice> open;  // innermost last
        unsigned kinds_seen = 0;  // bit k: a bound of kind k was seen
    };
    struct position {
        std::uint32_t thread;
        std::uint32_t index;
    };

    [[nodiscard]] std::vector<position> in_order() const {
        std::vector<position> order;
        for (std::uint32_t t = 0; t < seen_.threads.size(); ++t)
            for (std::uint32_t i = 0; i < seen_.threads[t].events.size(); ++i)
                order.push_back({t, i});
        std::ranges::sort(order, {}, [&](position p) {
            return std::tuple(seen_.threads[p.thread].events[p.index].at, p.thread, p.index);
        });
        return order;
    }

    slice& open_slice(std::uint32_t thread, slice_kind kind, const event& what) {
        slice made;
        made.kind = kind;
        made.thread = thread;
        made.from = what.at;
        made.subject = what.subject;
        if (kind != slice_kind::task) {
            made.label = what.label;
            made.value = what.value;
        } else if (const auto found = spawned_at_.find(what.subject); found != spawned_at_.end()) {
            std::tie(made.label, made.value) = found->second;
        }
        return threads_[thread].open.emplace_back(made);
    }

    void begin(std::uint32_t thread, slice_kind kind, const event& what) {
        threads_[thread].kinds_seen |= 1U << static_cast<unsigned>(kind);
        open_slice(thread, kind, what);
        if (kind != slice_kind::task && kind != slice_kind::job) return;
        if (const auto found = causes_.extract(what.subject)) {
            const auto [from, at] = found.mapped();
            result_.flows.push_back({from, thread, at, what.at});
        }
    }

    void end(std::uint32_t thread, slice_kind kind, const event& what) {
        thread_state& state = threads_[thread];
        const unsigned bit = 1U << static_cast<unsigned>(kind);
        const bool first_of_kind = (state.kinds_seen & bit) == 0;
        state.kinds_seen |= bit;
        const auto matches = [&](const slice& open) { return same(open, kind, what.subject); };
        if (kind == slice_kind::span && (state.open.empty() || !matches(state.open.back()))) {
            end_crossing_span(what);
            return;
        }
        if (std::none_of(state.open.rbegin(), state.open.rend(), matches)) {
            // It was running when the record began, and encloses all that came since.
            if (!first_of_kind || !state.open.empty()) return;
            const thread_events& record = seen_.threads[thread];
            open_slice(thread, kind, what).from =
                record.lost == 0 ? seen_.from : record.events.front().at;
        }
        // What is above it has lost its end, or is a span that goes on without this thread.
        while (!matches(state.open.back())) {
            const slice& top = state.open.back();
            if (top.kind == slice_kind::span) {
                drifting_.insert_or_assign(top.subject, top);
                state.open.pop_back();
            } else {
                close_top(state, what.at);
            }
        }
        slice& top = state.open.back();
        if (what.kind == event_kind::task_suspend) top.ending = what.label;
        if (what.kind == event_kind::task_end) top.failed = what.value != 0;
        if (what.kind == event_kind::poll_end) top.value = what.value;
        close_top(state, what.at);
    }

    // The span is not the innermost of the thread on which it ends: it overlaps what is, or began
    // elsewhere.
    void end_crossing_span(const event& what) {
        if (const auto found = drifting_.extract(what.subject)) {
            cross(found.mapped(), what.at);
            return;
        }
        for (thread_state& state : threads_) {
            const auto found = std::ranges::find_if(state.open, [&](const slice& open) {
                return same(open, slice_kind::span, what.subject);
            });
            if (found == state.open.end()) continue;
            cross(*found, what.at);
            state.open.erase(found);
            return;
        }
    }

    void cross(slice span, time_point to) {
        span.to = to;
        result_.crossing.push_back(span);
    }

    void close_top(thread_state& state, time_point at) {
        slice& top = state.open.back();
        top.to = at;
        top.depth = static_cast<std::uint16_t>(state.open.size() - 1);
        result_.on_threads.push_back(top);
        state.open.pop_back();
    }

    using place = std::pair<const char*, std::uint32_t>;
    using cause = std::pair<std::uint32_t, time_point>;

    const snapshot& seen_;
    std::vector<thread_state> threads_;
    std::unordered_map<std::uint64_t, place> spawned_at_;  // by task
    std::unordered_map<std::uint64_t, cause> causes_;      // by task or job, until it runs
    std::unordered_map<std::uint64_t, slice> drifting_;  // spans whose thread went on without them
    slice_set result_;
};

std::string_view file_of(std::string_view path) noexcept {
    return path.substr(path.find_last_of('/') + 1);
}

}  // namespace

const char* name_of(slice_kind kind) noexcept {
    switch (kind) {
        case slice_kind::task:
            return "task";
        case slice_kind::region:
            return "parallel region";
        case slice_kind::job:
            return "job";
        case slice_kind::blocking:
            return "blocking call";
        case slice_kind::poll:
            return "poll";
        case slice_kind::park:
            return "parked";
        case slice_kind::span:
            return "span";
    }
    return "";
}

std::string slice::name() const {
    if (kind == slice_kind::poll || kind == slice_kind::park || *label == 0) return name_of(kind);
    if ((kind == slice_kind::task || kind == slice_kind::region) && value != 0)
        return std::string(file_of(label)) + ':' + std::to_string(value);
    return label;
}

slice_set make_slices(const snapshot& seen) { return slicer(seen).run(); }

}  // namespace twill::inline TWILL_ABI::trace
