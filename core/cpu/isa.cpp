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
    switch (isa) {
        case Isa::avx512:
            return __builtin_cpu_supports("x86-64-v4");
        case Isa::avx2:
            return __builtin_cpu_supports("x86-64-v3");
        default:
            return true;
    }
}

Isa isa_from_environment(const char* text) {
    const std::string name = text == nullptr ? "" : text;
    for (Isa isa : all_isas) {
        if (name == isa_name(isa)) {
            require_available(isa, "The environment variable HEED_ISA");
            return isa;
        }
    }
    if (!name.empty()) {
        throw UserError("The environment variable HEED_ISA must be baseline, avx2 or avx512, but it is '" + name +
                        "'.");
    }
    if (isa_available(Isa::avx512)) return Isa::avx512;
    return isa_available(Isa::avx2) ? Isa::avx2 : Isa::baseline;
}

Isa active_isa() {
    int isa = active.load(std::memory_order_relaxed);
    if (isa < 0) {
        isa = static_cast<int>(isa_from_environment(std::getenv("HEED_ISA")));
        active.store(isa, std::memory_order_relaxed);
    }
    return static_cast<Isa>(isa);
}

void set_active_isa(Isa isa) {
    require_available(isa, "set_active_isa");
    active.store(static_cast<int>(isa), std::memory_order_relaxed);
}

}  // namespace heed
