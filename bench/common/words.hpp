// Command lines: words, and options of a name and a value. Needs no library, like meter.hpp.
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

using words = std::vector<std::string>;

inline words operator+(words all, const words& more) {
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

// "--port 80 --seconds 3".
class named_words {
public:
    explicit named_words(const words& given) {
        if (given.size() % 2 != 0) throw std::invalid_argument("an option has no value");
        for (std::size_t i = 0; i < given.size(); i += 2) given_[given[i]] = given[i + 1];
    }
    [[nodiscard]] std::string text(const std::string& name,
                                   const std::string& otherwise = "") const {
        const auto found = given_.find(name);
        return found == given_.end() ? otherwise : found->second;
    }
    [[nodiscard]] double number(const std::string& name, double otherwise = 0) const {
        const auto found = given_.find(name);
        return found == given_.end() ? otherwise : std::stod(found->second);
    }
    [[nodiscard]] long count(const std::string& name, long otherwise = 0) const {
        return static_cast<long>(number(name, static_cast<double>(otherwise)));
    }

private:
    std::map<std::string, std::string> given_;
};

}  // namespace twill::inline TWILL_ABI::bench
