#include "heed/core/cpu/isa.h"

#include <atomic>
#include <cstdlib>
#include <string>

#include "heed/core/error.h"

namespace heed {

namespace {

constexpr Isa all_isas[] = {Isa::baseline, Isa::avx2, Isa::avx512};

/// Index of the active instruction set, or -1 before the first question.
std::atomic<int> active{-1};

void require_available(Isa isa, const std::string& who) {
    if (!isa_available(isa)) {
        throw UserError(who + " asks for the instruction set " + isa_name(isa) +
                        ", which this machine does not have; its best is " +
                        (isa_available(Isa::avx2) ? "avx2" : "baseline") + ".");
    }
}

Isa detect() {
    const char* forced = std::getenv("HEED_ISA");
    if (forced != nullptr && *forced != '\0') {
        for (Isa isa : all_isas) {
            if (std::string(forced) == isa_name(isa)) {
                require_available(isa, "The environment variable HEED_ISA");
                return isa;
            }
        }
        throw UserError("The environment variable HEED_ISA must be baseline, avx2 or avx512, but it is '" +
                        std::string(forced) + "'.");
    }
    for (Isa isa : {Isa::avx512, Isa::avx2}) {
        if (isa_available(isa)) return isa;
    }
    return Isa::baseline;
}

}  // namespace

const char* isa_name(Isa isa) {
    switch (isa) {
        case Isa::avx512:
            return "avx512";
        case Isa::avx2:
            return "avx2";
        default:
            return "baseline";
    }
}

bool isa_available(Isa isa) {
    // The built-in also asks whether the operating system saves the wide registers.
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    switch (isa) {
        case Isa::avx512:
            return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512cd");
        case Isa::avx2:
            return avx2;
        default:
            return true;
    }
}

Isa active_isa() {
    int isa = active.load(std::memory_order_relaxed);
    if (isa < 0) {
        isa = static_cast<int>(detect());
        active.store(isa, std::memory_order_relaxed);
    }
    return static_cast<Isa>(isa);
}

void set_active_isa(Isa isa) {
    require_available(isa, "set_active_isa");
    active.store(static_cast<int>(isa), std::memory_order_relaxed);
}

}  // namespace heed
