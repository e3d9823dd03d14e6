#pragma once

namespace heed {

/// Instruction sets for which every `*.isa.cpp` file is compiled: x86-64-v2 (any 64-bit x86 since about 2009), v3 (AVX2
/// and FMA) and v4 (AVX-512 F, BW, DQ, VL).
enum class Isa { baseline, avx2, avx512 };

/// "baseline", "avx2" or "avx512".
const char* isa_name(Isa isa);

/// True when this machine (processor and operating system) runs code compiled for `isa`.
bool isa_available(Isa isa);

/// The instruction set that the text of the environment variable HEED_ISA stands for; the best that the machine has for
/// null or an empty text. Throws UserError when it names none or one that the machine lacks.
Isa isa_from_environment(const char* text);

/// The instruction set whose kernels run: `isa_from_environment` at the first call that succeeds, unless
/// `set_active_isa` was called.
Isa active_isa();

/// Makes the kernels of `isa` run from now on; for tests and benchmarks that go through every path. Throws UserError
/// when the machine lacks it. Not to be called while kernels run.
void set_active_isa(Isa isa);

}  // namespace heed

/// Defines `const Kernels& name_cpu()` in namespace heed: the constant `name` out of namespace baseline, avx2 or
/// avx512, whichever is active. Used once for each op, in a file that is not itself compiled for several instruction
/// sets.
#define HEED_CHOOSE_ISA(Kernels, name) \
    namespace heed {                   \
    namespace baseline {               \
    extern const Kernels name;         \
    }                                  \
    namespace avx2 {                   \
    extern const Kernels name;         \
    }                                  \
    namespace avx512 {                 \
    extern const Kernels name;         \
    }                                  \
    const Kernels& name##_cpu() {      \
        switch (active_isa()) {        \
            case Isa::avx512:          \
                return avx512::name;   \
            case Isa::avx2:            \
                return avx2::name;     \
            default:                   \
                return baseline::name; \
        }                              \
    }                                  \
    }                                  \
    static_assert(true, "the macro is followed by a semicolon")
