// append() asks the other buffer for its length, then copies that many characters: it was cut
// between.
//
// bug: atomicity violation, stale length
// from: java.lang.StringBuffer.append, in Flanagan, Qadeer, "A type and effect system for
//     atomicity" (PLDI 2003)
// expect: crash
// mode: sync

#include <cassert>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

class string_buffer {
public:
    explicit string_buffer(std::string text) : text_(std::move(text)) {}

    std::size_t length() const {
        std::lock_guard lock(mutex_);
        return text_.size();
    }

    std::string first(std::size_t count) const {
        std::lock_guard lock(mutex_);
        if (count > text_.size()) throw std::out_of_range("string_buffer::first");
        return text_.substr(0, count);
    }

    void erase_after(std::size_t count) {
        std::lock_guard lock(mutex_);
        text_.resize(count);
    }

    void append(const string_buffer& other) {
#ifdef FIXED
        std::scoped_lock lock(mutex_, other.mutex_);
        text_ += other.text_;
#else
        auto text = other.first(other.length());
        std::lock_guard lock(mutex_);
        text_ += text;
#endif
    }

private:
    mutable std::mutex mutex_;
    std::string text_;
};

int main() {
    string_buffer page("# ");
    string_buffer title("interleaving");
    std::thread shortener([&] { title.erase_after(5); });
    page.append(title);
    shortener.join();
    assert(page.length() == 7 || page.length() == 14);
}
