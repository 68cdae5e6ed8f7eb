// Lacks a function that it never calls: such a program runs, if its symbols are bound late.
#include <thread>

extern "C" void nowhere_to_be_found();

int main(int argc, char**) {
    std::thread other([argc] {
        if (argc > 9) nowhere_to_be_found();
    });
    other.join();
}
