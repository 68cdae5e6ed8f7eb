// Waits for ever before main.
#include <unistd.h>

namespace {

[[gnu::constructor]] void wait_for_ever() {
    for (;;) ::pause();
}

}  // namespace

int main() {}
