#include <twill/trace/perfetto.hpp>
#include <twill/trace/slices.hpp>

#include "text.hpp"

#include <cstdint>
#include <ostream>
#include <string>

#include <unistd.h>

namespace twill::inline TWILL_ABI::trace {
namespace {

using detail::append_json;

// The trace-event format is Google's "Trace Event Format": an array of objects with a phase `ph`,
// times in microseconds.
class writer {
public:
    writer(const std::function<void(std::string_view)>& out, const snapshot& seen)
        : out_(out), seen_(seen), process_(std::to_string(::getpid())) {}

    void run() {
        const slice_set slices = make_slices(seen_);
        text_ = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
        write_names();
        for (const slice& one : slices.on_threads) write_slice(one);
        for (const slice& one : slices.crossing) write_crossing(one);
        for (const flow& one : slices.flows) write_flow(one);
        for (std::uint32_t t = 0; t < seen_.threads.size(); ++t)
            for (const event& what : seen_.threads[t].events) write_instant(t, what);
        text_ += "\n],\"otherData\":{\"written by\":\"twill " TWILL_VERSION "\"";
        for (const auto& thread : seen_.threads) {
            if (thread.lost == 0) continue;
            text_ += ",\"events overwritten in thread " + std::to_string(thread.id);
            text_ += "\":" + std::to_string(thread.lost);
        }
        if (seen_.homeless != 0)
            text_ += ",\"events of threads without a ring\":" + std::to_string(seen_.homeless);
        text_ += "}}\n";
        out_(text_);
    }

private:
    void open(const char* phase, std::uint32_t thread) {
        if (text_.size() > 32'768) {
            out_(text_);
            text_.clear();
        }
        if (!first_) text_ += ",\n";
        first_ = false;
        text_ += "{\"ph\":\"";
        text_ += phase;
        text_ += "\",\"pid\":" + process_;
        text_ += ",\"tid\":" + std::to_string(seen_.threads[thread].id);
    }

    // Microseconds with three decimals, exact.
    void append_time(const char* key, duration time) {
        const auto nanoseconds = time.count() < 0 ? 0 : time.count();
        const std::string fraction = std::to_string(nanoseconds % 1000 + 1000);
        text_ += key + std::to_string(nanoseconds / 1000) + '.';
        text_.append(fraction, 1, 3);
    }
    void append_at(time_point at) { append_time(",\"ts\":", at - seen_.from); }

    void append_text(const char* key, std::string_view value) {
        text_ += key;
        text_ += '"';
        append_json(text_, value);
        text_ += '"';
    }

    void append_subject(std::uint64_t subject) {
        char digits[17];
        std::size_t at = sizeof digits - 1;
        digits[at] = 0;
        do {
            digits[--at] = "0123456789abcdef"[subject & 15];
            subject >>= 4;
        } while (subject != 0);
        text_ += ",\"args\":{\"subject\":\"0x";
        text_ += digits + at;
        text_ += '"';
    }

    void write_names() {
        if (seen_.threads.empty()) return;
        open("M", 0);
        text_ += ",\"name\":\"process_name\",\"args\":{\"name\":\"twill\"}}";
        for (std::uint32_t t = 0; t < seen_.threads.size(); ++t) {
            open("M", t);
            append_text(",\"name\":\"thread_name\",\"args\":{\"name\":", seen_.threads[t].name);
            text_ += "}}";
            open("M", t);
            text_ += ",\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":";
            text_ += std::to_string(t) + "}}";
        }
    }

    void write_slice(const slice& one) {
        open("X", one.thread);
        append_at(one.from);
        append_time(",\"dur\":", one.to - one.from);
        append_text(",\"name\":", one.name());
        append_text(",\"cat\":", name_of(one.kind));
        append_subject(one.subject);
        if (*one.ending != 0) append_text(",\"then waits for\":", one.ending);
        if (one.failed) text_ += ",\"ended by\":\"exception\"";
        if (one.kind == slice_kind::poll) text_ += ",\"events\":" + std::to_string(one.value);
        text_ += "}}";
    }

    // Spans that leave their thread are "asynchronous" events: begin and end share an id.
    void write_crossing(const slice& one) {
        const std::string id = std::to_string(++last_id_);
        for (const bool begins : {true, false}) {
            open(begins ? "b" : "e", one.thread);
            append_at(begins ? one.from : one.to);
            text_ += ",\"id\":" + id;
            append_text(",\"name\":", one.name());
            text_ += ",\"cat\":\"span\"}";
        }
    }

    void write_flow(const flow& one) {
        const std::string id = std::to_string(++last_id_);
        open("s", one.from_thread);
        append_at(one.from);
        text_ += ",\"id\":" + id + ",\"name\":\"leads to\",\"cat\":\"flow\"}";
        open("f", one.to_thread);
        append_at(one.to);
        text_ += ",\"id\":" + id + ",\"name\":\"leads to\",\"cat\":\"flow\",\"bp\":\"e\"}";
    }

    void write_instant(std::uint32_t thread, const event& what) {
        const char* name = nullptr;
        switch (what.kind) {
            case event_kind::task_spawn:
                name = "spawn";
                break;
            case event_kind::wake:
                name = "wake";
                break;
            case event_kind::cancel:
                name = "cancel";
                break;
            case event_kind::promote:
                name = "promote";
                break;
            case event_kind::steal:
                name = "steal";
                break;
            case event_kind::held_up:
                name = "held up";
                break;
            case event_kind::hand_over:
                name = "hand over";
                break;
            case event_kind::give_way:
                name = "give way";
                break;
            case event_kind::lane_starved:
                name = "lane starved";
                break;
            case event_kind::lane_returned:
                name = "lane returned";
                break;
            case event_kind::thread_start:
                name = "thread start";
                break;
            case event_kind::mark:
                name = *what.label != 0 ? what.label : "mark";
                break;
            default:
                return;
        }
        open("i", thread);
        append_at(what.at);
        append_text(",\"s\":\"t\",\"name\":", name);
        append_subject(what.subject);
        if (what.kind != event_kind::mark && *what.label != 0)
            append_text(",\"label\":", what.label);
        text_ += ",\"value\":" + std::to_string(what.value) + "}}";
    }

    const std::function<void(std::string_view)>& out_;
    const snapshot& seen_;
    const std::string process_;
    std::string text_;
    bool first_ = true;
    std::uint64_t last_id_ = 0;
};

}  // namespace

void write_perfetto(const std::function<void(std::string_view)>& out, const snapshot& seen) {
    writer(out, seen).run();
}

void write_perfetto(std::ostream& out, const snapshot& seen) {
    write_perfetto(
        [&](std::string_view piece) {
            out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
        },
        seen);
}

}  // namespace twill::inline TWILL_ABI::trace
