// Runs `twill check` on one of the programs of tests/check/programs.
#pragma once

#include "tools/running_command.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace twill_test {

// In a folder of its own, where it may save schedules.
class checking {
public:
    outcome run(std::vector<std::string> options, std::vector<std::string> program,
                setting how = {}) const {
        options.insert(options.begin(), "check");
        options.emplace_back("--");
        program[0] = std::string(TWILL_CHECKED_PROGRAMS) + "/" + program[0];
        options.insert(options.end(), program.begin(), program.end());
        how.in_child = [this] { std::filesystem::current_path(folder_ / ""); };
        return run_command(std::move(options), how);
    }
    // What --json says; the exit status is in ["status"].
    nlohmann::json json(std::vector<std::string> options, std::vector<std::string> program) const {
        options.emplace_back("--json");
        const auto end = run(std::move(options), std::move(program));
        auto said = nlohmann::json::parse(end.out, nullptr, false);
        EXPECT_FALSE(said.is_discarded()) << "not JSON: " << end.out << end.err;
        if (said.is_object()) said["status"] = end.status;
        return said;
    }
    [[nodiscard]] std::string operator/(const std::string& name) const { return folder_ / name; }

private:
    scratch_folder folder_;
};

// The strongest finding; null if there is none.
inline nlohmann::json finding_of(const nlohmann::json& said) {
    if (said["failures"].empty()) return nullptr;
    return said["failures"][0]["findings"].front();
}

}  // namespace twill_test
