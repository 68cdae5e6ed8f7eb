#include "function_names.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>

#define TWILL_AS_TEXT(x) #x
#define TWILL_NAME_OF(x) TWILL_AS_TEXT(x)

namespace twill::inline TWILL_ABI::detail {
namespace {

struct place_in_file {
    std::string path;
    std::uintptr_t address = 0;  // as the file has it
};

// Where the loaded file lies that has `code`.
struct search {
    std::uintptr_t code;
    place_in_file found;
};
int look_into(dl_phdr_info* file, std::size_t /*size*/, void* data) {
    auto& wanted = *static_cast<search*>(data);
    for (int i = 0; i < file->dlpi_phnum; ++i) {
        const auto& part = file->dlpi_phdr[i];
        const std::uintptr_t begin = file->dlpi_addr + part.p_vaddr;
        if (part.p_type != PT_LOAD || wanted.code < begin || wanted.code - begin >= part.p_memsz)
            continue;
        const bool is_program = file->dlpi_name == nullptr || *file->dlpi_name == '\0';
        wanted.found = {is_program ? "/proc/self/exe" : file->dlpi_name,
                        wanted.code - file->dlpi_addr};
        return 1;
    }
    return 0;
}

std::span<const std::byte> map_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    struct stat about{};
    void* memory = MAP_FAILED;
    if (::fstat(fd, &about) == 0 && about.st_size > 0)
        memory =
            ::mmap(nullptr, static_cast<std::size_t>(about.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    ::close(fd);
    if (memory == MAP_FAILED) return {};
    return {static_cast<const std::byte*>(memory), static_cast<std::size_t>(about.st_size)};
}

// `count` things at `offset`; none if the file ends before.
template <class T>
std::span<const T> part_of(std::span<const std::byte> file, std::size_t offset, std::size_t count) {
    if (offset > file.size() || (file.size() - offset) / sizeof(T) < count) return {};
    return {reinterpret_cast<const T*>(file.data() + offset), count};
}

using elf_header = ElfW(Ehdr);
using elf_section = ElfW(Shdr);
using elf_symbol = ElfW(Sym);

// The full table, or else that of the dynamic linker.
const elf_section* symbol_section(std::span<const elf_section> all) {
    const elf_section* best = nullptr;
    for (const elf_section& each : all)
        if (each.sh_type == SHT_SYMTAB || (each.sh_type == SHT_DYNSYM && best == nullptr))
            best = &each;
    return best;
}

std::string base_name(const std::string& path) {
    std::string real = path;
    if (path == "/proc/self/exe") {
        char target[4096];
        const ssize_t n = ::readlink(path.c_str(), target, sizeof target);
        if (n > 0) real.assign(target, static_cast<std::size_t>(n));
    }
    return real.substr(real.rfind('/') + 1);
}

// Of a name that the C++ library cannot read, being older than the compiler: "_ZN1a2bcIT..." gives
// "a::bc".
std::string leading_names(std::string_view mangled) {
    std::string out;
    if (!mangled.starts_with("_Z")) return std::string(mangled);
    std::string_view rest = mangled.substr(mangled.starts_with("_ZN") ? 3 : 2);
    if (rest.starts_with("K")) rest.remove_prefix(1);
    for (;;) {
        std::size_t length = 0;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        if (error != std::errc() || length > rest.size()) break;
        const std::string_view part = rest.substr(0, length);
        rest.remove_prefix(length);
        if (part.starts_with("_GLOBAL__N")) continue;  // an anonymous namespace
        out.append(out.empty() ? "" : "::").append(part);
    }
    return out.empty() ? std::string(mangled) : out;
}

std::string demangled(std::string_view name) {
    // As it is first: what the compilers append ("_Z5fetchv.resume", "_Z5fetchv.actor", and clones
    // of those) becomes " [clone .resume]", and GCC has a dot inside of names, too
    // ("59_ZN...E.Frame").
    for (const std::string& each :
         {std::string(name), std::string(name.substr(0, name.find('.')))}) {
        int status = 0;
        const std::unique_ptr<char, void (*)(void*)> text(
            abi::__cxa_demangle(each.c_str(), nullptr, nullptr, &status), std::free);
        if (status == 0) return text.get();
    }
    return leading_names(name);
}

}  // namespace

std::string brief_function_name(std::string_view demangled) {
    constexpr std::string_view unnamed = "(anonymous namespace)::";
    constexpr std::string_view call = "operator()";
    std::string out;
    for (std::string_view rest = demangled; !rest.empty();) {
        const char c = rest.front();
        // What stands in brackets is left out, up to the partner of `rest.front()`.
        const auto skip = [&](char open, char close) {
            int depth = 0;
            std::size_t n = 0;
            do {
                depth += rest[n] == open ? 1 : rest[n] == close ? -1 : 0;
            } while (++n < rest.size() && depth > 0);
            rest.remove_prefix(n);
        };
        if (rest.starts_with(unnamed)) {
            rest.remove_prefix(unnamed.size());
        } else if (rest.starts_with(call)) {
            out += call;
            rest.remove_prefix(call.size());
        } else if (c == '<') {
            skip('<', '>');
        } else if (c == '[') {  // "[abi:cxx11]"
            skip('[', ']');
        } else if (c == '{') {  // "{lambda(int)#1}"
            out += "lambda";
            skip('{', '}');
        } else if (c == '(') {
            skip('(', ')');
            // Only something local goes on behind its parameters.
            if (rest.starts_with(" const::")) rest.remove_prefix(std::strlen(" const"));
            if (!rest.starts_with("::")) break;
        } else if (c == ' ') {
            out.clear();  // that was the type of the result
            rest.remove_prefix(1);
        } else {
            out += c;
            rest.remove_prefix(1);
        }
    }
    const std::string_view abi = TWILL_NAME_OF(TWILL_ABI) "::";
    if (const auto at = out.find(abi); at != std::string::npos) out.erase(at, abi.size());
    const std::string_view called = "::operator()";
    if (out.ends_with(called)) out.resize(out.size() - called.size());
    return out;
}

function_names::~function_names() {
    for (const auto& [path, each] : files_)
        if (!each.content.empty())
            ::munmap(const_cast<std::byte*>(each.content.data()), each.content.size());
}

const function_names::file& function_names::symbols_of(const std::string& path) {
    const auto [at, is_new] = files_.try_emplace(path);
    file& into = at->second;
    if (!is_new) return into;
    into.content = map_file(path);
    const auto head = part_of<elf_header>(into.content, 0, 1);
    if (head.empty() || std::memcmp(head[0].e_ident, ELFMAG, SELFMAG) != 0) return into;
    const auto sections = part_of<elf_section>(into.content, head[0].e_shoff, head[0].e_shnum);
    const elf_section* table = symbol_section(sections);
    if (table == nullptr || table->sh_link >= sections.size()) return into;
    const elf_section& names = sections[table->sh_link];
    const auto text = part_of<char>(into.content, names.sh_offset, names.sh_size);
    if (text.empty() || text.back() != '\0') return into;
    for (const elf_symbol& each :
         part_of<elf_symbol>(into.content, table->sh_offset, table->sh_size / sizeof(elf_symbol)))
        if (ELF64_ST_TYPE(each.st_info) == STT_FUNC && each.st_name < text.size())
            into.functions.push_back({each.st_value, each.st_size, text.data() + each.st_name});
    std::sort(into.functions.begin(), into.functions.end(),
              [](const symbol& a, const symbol& b) { return a.address < b.address; });
    return into;
}

std::string function_names::of(const void* code) {
    search wanted{reinterpret_cast<std::uintptr_t>(code), {}};
    ::dl_iterate_phdr(&look_into, &wanted);
    const auto& [path, address] = wanted.found;
    if (path.empty()) return "code of no file";
    const auto& functions = symbols_of(path).functions;
    auto after = std::upper_bound(functions.begin(), functions.end(), address,
                                  [](std::uintptr_t a, const symbol& b) { return a < b.address; });
    if (after != functions.begin())
        if (const symbol& holds = *--after; address - holds.address < holds.size)
            return brief_function_name(demangled(holds.name));
    char offset[32];
    std::snprintf(offset, sizeof offset, "+0x%zx", static_cast<std::size_t>(address));
    return base_name(path) + offset;
}

}  // namespace twill::inline TWILL_ABI::detail
