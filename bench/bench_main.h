#pragma once

#include <cstdio>
#include <exception>

#include "heed/core/error.h"

namespace heed {

/// Calls `body` and gives the exit code: 2 for a mistake in the arguments, 1 for any other error, each told on stderr.
template <class Body>
int bench_main(const Body& body) {
    try {
        body();
        return 0;
    } catch (const UserError& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}

}  // namespace heed
