// Members are destroyed last to first: the text goes before the future that waits for its reader.
//
// bug: use after free, order of destruction
// from: ISO C++ [class.dtor] and [futures.async], the destructor of std::async's future waits
// expect: crash race
// mode: sync

#include <cassert>
#include <future>
#include <memory>
#include <mutex>
#include <string>

static std::mutex results;
static std::size_t longest = 0;

static void report(std::size_t words) {
    std::lock_guard lock(results);
    if (words > longest) longest = words;
}

static std::size_t count_words(const std::string& text) {
    std::size_t words = 0;
    bool inside = false;
    for (char c : text) {
        words += c != ' ' && !inside;
        inside = c != ' ';
    }
    return words;
}

class document {
public:
    explicit document(std::string text) : text_(std::make_unique<std::string>(std::move(text))) {}

    void count_in_background() {
        counting_ =
            std::async(std::launch::async, [text = text_.get()] { report(count_words(*text)); });
    }

private:
#ifdef FIXED
    std::unique_ptr<std::string> text_;
    std::future<void> counting_;
#else
    std::future<void> counting_;
    std::unique_ptr<std::string> text_;
#endif
};

int main() {
    {
        document d("it was a dark and stormy night, and the rain fell in torrents");
        d.count_in_background();
    }
    std::lock_guard lock(results);
    assert(longest == 13);
}
