#include "twill/check/data_symbol.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

namespace twill_command::check {
namespace {

std::string demangled(const char* name) {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> plain(
        abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
    return status == 0 ? plain.get() : name;
}

// A file's bytes, looked at as what the ELF format says; nothing outside of it is ever read.
class elf_file {
public:
    explicit elf_file(const char* path) {
        std::ifstream file(path, std::ios::binary);
        bytes_.assign(std::istreambuf_iterator<char>(file), {});
    }

    [[nodiscard]] std::string variable_at(std::uint64_t offset) const {
        const auto* const header = at<Elf64_Ehdr>(0);
        if (header == nullptr || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
            header->e_ident[EI_CLASS] != ELFCLASS64)
            return {};
        for (unsigned i = 0; i != header->e_shnum; ++i) {
            const auto* const section = section_at(*header, i);
            if (section == nullptr) break;
            if (section->sh_type != SHT_SYMTAB && section->sh_type != SHT_DYNSYM) continue;
            const auto* const names = section_at(*header, section->sh_link);
            if (names == nullptr) continue;
            if (auto found = look_in(*section, *names, offset); !found.empty()) return found;
        }
        return {};
    }

private:
    template <class T>
    const T* at(std::uint64_t offset) const {
        if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return nullptr;
        return reinterpret_cast<const T*>(bytes_.data() + offset);
    }
    const Elf64_Shdr* section_at(const Elf64_Ehdr& header, std::uint64_t index) const {
        return at<Elf64_Shdr>(header.e_shoff + index * sizeof(Elf64_Shdr));
    }

    [[nodiscard]] std::string look_in(const Elf64_Shdr& symbols, const Elf64_Shdr& names,
                                      std::uint64_t offset) const {
        for (std::uint64_t i = 0; i != symbols.sh_size / sizeof(Elf64_Sym); ++i) {
            const auto* const symbol = at<Elf64_Sym>(symbols.sh_offset + i * sizeof(Elf64_Sym));
            if (symbol == nullptr) return {};
            if (ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT || offset < symbol->st_value ||
                offset - symbol->st_value >= symbol->st_size)
                continue;
            const std::uint64_t name = names.sh_offset + symbol->st_name;
            if (name >= bytes_.size() ||
                std::memchr(bytes_.data() + name, 0, bytes_.size() - name) == nullptr)
                return {};
            const auto inside = offset - symbol->st_value;
            return demangled(bytes_.data() + name) +
                   (inside == 0 ? "" : fmt::format("+{}", inside));
        }
        return {};
    }

    std::vector<char> bytes_;
};

}  // namespace

std::string variable_at(std::span<const twill::check::module> modules, std::uint64_t address) {
    for (const auto& each : modules)
        if (address >= each.begin && address < each.end)
            return elf_file(each.path).variable_at(address - each.bias);
    return {};
}

}  // namespace twill_command::check
