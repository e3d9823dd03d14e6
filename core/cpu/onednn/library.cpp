#include "heed/core/cpu/onednn/library.h"

#include <oneapi/dnnl/dnnl_debug.h>
#include <sys/mman.h>

#include "heed/core/cpu/isa.h"
#include "heed/core/cpu/onednn/version.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"

#if defined(HEED_THREADS_OPENMP)
#include <omp.h>
#else
#include <dlfcn.h>
#endif

namespace heed {

namespace onednn {

namespace {

bool limit_instruction_set() {
    const Isa isa = active_isa();
    if (isa == Isa::avx512) return true;
    check(dnnl_set_max_cpu_isa(isa == Isa::avx2 ? dnnl_cpu_isa_avx2 : dnnl_cpu_isa_sse41),
          [&] { return std::string("be limited to the instruction set ") + isa_name(isa); });
    return true;
}

}  // namespace

void enter() {
    [[maybe_unused]] static const bool limited = limit_instruction_set();
#if defined(HEED_THREADS_OPENMP)
    // OpenMP keeps the number for each calling thread apart.
    if (omp_get_max_threads() != thread_count()) omp_set_num_threads(thread_count());
#else
    // This build does not link to OpenMP, but oneDNN may: look the function up where oneDNN would find it.
    thread_local bool limited_to_one_thread = false;
    if (!limited_to_one_thread) {
        if (void* function = dlsym(RTLD_DEFAULT, "omp_set_num_threads")) reinterpret_cast<void (*)(int)>(function)(1);
        limited_to_one_thread = true;
    }
#endif
}

void require_memory_for_code() {
    constexpr size_t enough =
        size_t{16} << 20;  // measured with AVX2: 6 MiB for the first product of a process, else below 1
    void* const probe = mmap(nullptr, enough, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED) throw Error("out of memory: oneDNN could not be given room for the code of a product");
    munmap(probe, enough);
}

bool uses_avx512() {
    static const bool result = (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core;
    return result;
}

bool multiplies_bf16() {
    static const bool result =
        (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
    return result;
}

void fail(dnnl_status_t status, const std::string& what) {
    throw Error("oneDNN " + std::string(onednn_version()) + " could not " + what + ": " + dnnl_status2str(status) +
                ".");
}

}  // namespace onednn

const char* onednn_version() {
    static const std::string text = [] {
        const dnnl_version_t* version = dnnl_version();
        return std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
               std::to_string(version->patch);
    }();
    return text.c_str();
}

}  // namespace heed
