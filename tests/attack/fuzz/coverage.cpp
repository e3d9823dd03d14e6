#include "heed/tests/attack/fuzz/coverage.h"

#include <cstddef>

namespace heed::test {
namespace {

constexpr size_t places = size_t{1} << 20;
uint8_t taken[places];
int64_t taken_count = 0;
thread_local bool noting = false;
thread_local uintptr_t block_before = 0;

}  // namespace

/// What GCC's -fsanitize-coverage=trace-pc calls in every basic block.
extern "C" __attribute__((no_sanitize_coverage, no_sanitize("address", "undefined"))) void __sanitizer_cov_trace_pc();

extern "C" void __sanitizer_cov_trace_pc() {
    if (!noting) return;
    const auto block = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
    uint8_t& place = taken[((block_before >> 1) ^ block * 0x9E3779B1U) % places];
    block_before = block * 0x9E3779B1U;
    if (place == 0) {
        place = 1;
        ++taken_count;
    }
}

__attribute__((no_sanitize_coverage)) Coverage::Coverage() {
    block_before = 0;
    noting = true;
}

__attribute__((no_sanitize_coverage)) Coverage::~Coverage() {
    noting = false;
}

int64_t Coverage::seen() {
    return taken_count;
}

}  // namespace heed::test
