#include "twill/map/job_record.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>

namespace twill_command {
namespace {

constexpr std::string_view header =
    "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\tJob\n";
constexpr std::size_t columns = 10;
enum column : std::size_t { exit_value = 6, signal_number = 7, job = 9 };

double seconds(twill::duration length) { return std::chrono::duration<double>(length).count(); }

// As GNU parallel's: -1 for what ended otherwise than by itself or a signal of its own.
int exit_value_of(const job_record& job) {
    if (job.timed_out || !job.problem.empty()) return -1;
    return job.status.exited ? job.status.code : 0;
}

std::string as_columns(const job_record& job) {
    const int signal = job.status.exited ? 0 : job.status.signal;
    return fmt::format("{}\t:\t{:.3f}\t{:10.3f}\t0\t{}\t{}\t{}\t{}\t{}\n", job.number, job.started,
                       seconds(job.wall), job.received, exit_value_of(job), signal, job.command,
                       job.id.to_string());
}

std::string as_json(const job_record& job) {
    nlohmann::ordered_json line = {{"seq", job.number},        {"job", job.id.to_string()},
                                   {"input", job.input},       {"command", job.command},
                                   {"success", job.success()}, {"exit", exit_value_of(job)}};
    if (!job.status.exited && job.status.signal != 0) line["signal"] = job.status.signal;
    if (job.timed_out) line["timed_out"] = true;
    if (!job.problem.empty()) line["problem"] = job.problem;
    line["tries"] = job.tries;
    if (job.batch > 1) line["batch"] = job.batch;
    line["start"] = job.started;
    line["wall_s"] = seconds(job.wall);
    line["user_s"] = seconds(job.status.user);
    line["system_s"] = seconds(job.status.system);
    line["queued_s"] = seconds(job.times.queued);
    line["blocked_s"] = seconds(job.times.blocked);
    line["max_rss"] = job.status.max_resident;
    line["received"] = job.received;
    // Inputs may be any bytes; JSON is UTF-8.
    return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::optional<noted_job> from_columns(std::string_view line) {
    std::array<std::string_view, columns> fields;
    for (std::size_t i = 0; i < columns; ++i) {
        const auto end = line.find('\t');
        // Exactly so many.
        if ((end == std::string_view::npos) != (i + 1 == columns)) return std::nullopt;
        fields[i] = line.substr(0, end);
        if (end != std::string_view::npos) line.remove_prefix(end + 1);
    }
    const auto id = job_id::parse(fields[job]);
    if (!id) return std::nullopt;
    return noted_job{*id, fields[exit_value] == "0" && fields[signal_number] == "0"};
}

std::optional<noted_job> from_json(std::string_view text) {
    const auto line = nlohmann::json::parse(text, nullptr, false);
    if (!line.is_object()) return std::nullopt;
    const auto name = line.find("job");
    const auto success = line.find("success");
    if (name == line.end() || !name->is_string() || success == line.end() || !success->is_boolean())
        return std::nullopt;
    const auto id = job_id::parse(name->get_ref<const std::string&>());
    if (!id) return std::nullopt;
    return noted_job{*id, success->get<bool>()};
}

}  // namespace

log_format format_for(std::string_view path) {
    return path.ends_with(".jsonl") || path.ends_with(".json") ? log_format::json
                                                               : log_format::columns;
}

std::string_view header_of(log_format format) {
    return format == log_format::columns ? header : std::string_view();
}

std::string to_line(const job_record& job, log_format format) {
    return format == log_format::columns ? as_columns(job) : as_json(job);
}

std::optional<noted_job> parse_line(std::string_view line, log_format format) {
    return format == log_format::columns ? from_columns(line) : from_json(line);
}

}  // namespace twill_command
