// As much of the ELF format as `twill check` asks of a program's file.
#pragma once

#include <elf.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace twill_command::check {

// A file's bytes. What it says of itself is not believed: nothing outside of it is ever read.
class elf_file {
public:
    explicit elf_file(const std::string& path);

    // Neither is true of what is no ELF file of 64 bits.
    [[nodiscard]] bool defines(std::string_view symbol) const;  // for the dynamic linker
    [[nodiscard]] bool needs(std::string_view library) const;   // any that begins so

    // The variable at an offset, "table+8" for a byte in its middle; empty if there is none.
    [[nodiscard]] std::string variable_at(std::uint64_t offset) const;

private:
    template <class T>
    [[nodiscard]] const T* at(std::uint64_t offset) const;
    [[nodiscard]] const char* text_at(std::uint64_t offset) const;  // "" if there is none
    [[nodiscard]] std::vector<const Elf64_Shdr*> sections(std::uint32_t type) const;
    [[nodiscard]] const Elf64_Shdr* names_of(const Elf64_Shdr& section) const;
    // The first for which `is_it` is true; null: none.
    using question = std::function<bool(const Elf64_Sym&, const char* name)>;
    [[nodiscard]] const char* symbol_where(std::uint32_t section_type, const question& is_it) const;

    std::vector<char> bytes_;
    const Elf64_Ehdr* header_ = nullptr;  // null: it is no such file
};

}  // namespace twill_command::check
