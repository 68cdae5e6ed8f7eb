// By what a job is known again in a later run: what it does, not where it stands in the list.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace twill_command {

// A hash of the command, the input, the directory and the declared environment; and of the jobs of
// a run that have all of these in common, the how manyth.
struct job_id {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::uint32_t nth = 1;

    bool operator==(const job_id&) const = default;
    // 32 hexadecimal digits, and "-2" for the second of its kind.
    [[nodiscard]] std::string to_string() const;
    static std::optional<job_id> parse(std::string_view text);
};

struct job_id_hash {
    std::size_t operator()(const job_id& id) const noexcept { return id.low + id.nth; }
};

// FNV-1a of 128 bits (Fowler, Noll, Vo), of fields: where one ends matters.
class field_hash {
public:
    void add(std::string_view field) noexcept;
    [[nodiscard]] job_id id() const noexcept;

private:
    __extension__ using wide = unsigned __int128;
    void add_byte(unsigned char byte) noexcept;
    wide state_ = (wide{0x6c62272e07bb0142U} << 64U) | 0x62b821756295c58dU;
};

// Gives the jobs of one run their ids. Keeps about 13 bytes for each, or it could not tell that an
// input came before.
class job_identifier {
public:
    // `command`: its words, before anything is put in; `directory`: where jobs run; `environment`:
    // names of variables that make another job of it when they change.
    job_identifier(std::span<char* const> command, std::string_view directory,
                   std::span<const std::string> environment);

    job_id next(std::string_view input);

private:
    [[nodiscard]] bool note(std::uint64_t hash);
    [[nodiscard]] std::size_t place_of(std::uint64_t hash) const noexcept;

    field_hash common_;
    // Half of the hash of each job so far, by open addressing; 0: free.
    std::vector<std::uint64_t> seen_;
    std::size_t count_ = 0;
    std::unordered_map<std::uint64_t, std::uint32_t> repeated_;  // how often, from the second on
};

}  // namespace twill_command
