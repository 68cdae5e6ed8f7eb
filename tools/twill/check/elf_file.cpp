#include "twill/check/elf_file.hpp"

#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

namespace twill_command::check {
namespace {

std::string demangled(const char* name) {
    // Anything else may be taken for a type: "n" is one.
    if (!std::string_view(name).starts_with("_Z")) return name;
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> plain(
        abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
    return status == 0 ? plain.get() : name;
}

}  // namespace

elf_file::elf_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    const auto* const header = at<Elf64_Ehdr>(0);
    if (header != nullptr && std::memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
        header->e_ident[EI_CLASS] == ELFCLASS64)
        header_ = header;
}

template <class T>
const T* elf_file::at(std::uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return nullptr;
    return reinterpret_cast<const T*>(bytes_.data() + offset);
}

const char* elf_file::text_at(std::uint64_t offset) const {
    if (offset >= bytes_.size()) return "";
    const char* const text = bytes_.data() + offset;
    return std::memchr(text, 0, bytes_.size() - offset) == nullptr ? "" : text;
}

std::vector<const Elf64_Shdr*> elf_file::sections(std::uint32_t type) const {
    std::vector<const Elf64_Shdr*> found;
    for (unsigned i = 0; header_ != nullptr && i != header_->e_shnum; ++i) {
        const auto* const one = at<Elf64_Shdr>(header_->e_shoff + i * sizeof(Elf64_Shdr));
        if (one == nullptr) break;
        if (one->sh_type == type) found.push_back(one);
    }
    return found;
}

const Elf64_Shdr* elf_file::names_of(const Elf64_Shdr& section) const {
    return at<Elf64_Shdr>(header_->e_shoff + section.sh_link * sizeof(Elf64_Shdr));
}

const char* elf_file::symbol_where(std::uint32_t section_type, const question& is_it) const {
    for (const auto* const section : sections(section_type)) {
        const auto* const names = names_of(*section);
        if (names == nullptr) continue;
        for (std::uint64_t i = 0; i != section->sh_size / sizeof(Elf64_Sym); ++i) {
            const auto* const symbol = at<Elf64_Sym>(section->sh_offset + i * sizeof(Elf64_Sym));
            if (symbol == nullptr) break;
            const char* const name = text_at(names->sh_offset + symbol->st_name);
            if (is_it(*symbol, name)) return name;
        }
    }
    return nullptr;
}

bool elf_file::defines(std::string_view symbol) const {
    return symbol_where(SHT_DYNSYM, [&](const Elf64_Sym& one, const char* name) {
               return one.st_shndx != SHN_UNDEF && name == symbol;
           }) != nullptr;
}

bool elf_file::needs(std::string_view library) const {
    for (const auto* const section : sections(SHT_DYNAMIC)) {
        const auto* const names = names_of(*section);
        if (names == nullptr) continue;
        for (std::uint64_t i = 0; i != section->sh_size / sizeof(Elf64_Dyn); ++i) {
            const auto* const one = at<Elf64_Dyn>(section->sh_offset + i * sizeof(Elf64_Dyn));
            if (one == nullptr || one->d_tag == DT_NULL) break;
            if (one->d_tag == DT_NEEDED &&
                std::string_view(text_at(names->sh_offset + one->d_un.d_val)).starts_with(library))
                return true;
        }
    }
    return false;
}

std::string elf_file::variable_at(std::uint64_t offset) const {
    std::uint64_t inside = 0;
    const auto covers = [&](const Elf64_Sym& one, const char*) {
        inside = offset - one.st_value;
        return ELF64_ST_TYPE(one.st_info) == STT_OBJECT && offset >= one.st_value &&
               inside < one.st_size;
    };
    const char* name = symbol_where(SHT_SYMTAB, covers);
    if (name == nullptr) name = symbol_where(SHT_DYNSYM, covers);
    if (name == nullptr || *name == '\0') return {};
    return demangled(name) + (inside == 0 ? "" : fmt::format("+{}", inside));
}

}  // namespace twill_command::check
