// What the programs of this folder have in common.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <refrain.hpp>

#include <cstdio>
#include <cstdlib>

namespace check {

[[noreturn]] inline void fail(const char *file, int line, const char *what, const char *why) {
    std::fprintf(stderr, "%s:%d: %s %s\n", file, line, what, why);
    std::exit(1);
}

template <class T> T must(refrain::Result<T> result, const char *file, int line, const char *what) {
    if (!result) fail(file, line, what, result.error().message());
    return std::move(result).value();
}
inline void must(refrain::Result<void> result, const char *file, int line, const char *what) {
    if (!result) fail(file, line, what, result.error().message());
}

} // namespace check

// Ends the program, telling where, unless the condition holds.
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) check::fail(__FILE__, __LINE__, #condition, "does not hold");            \
    } while (0)

// The value of a result; without one it ends the program, telling where and why.
#define TRY(result) check::must((result), __FILE__, __LINE__, #result)

// Ends the program unless the result is this error.
#define FAILS(result, wanted) CHECK((result).status() == (wanted))

#endif
