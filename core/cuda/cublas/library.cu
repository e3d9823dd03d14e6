#include "heed/core/cuda/cublas/library.cuh"

#include <dlfcn.h>

#include "heed/core/error.h"

namespace heed::cuda {

namespace {

/// The loader's paths (LD_LIBRARY_PATH, the system's) come first, then where NVIDIA's packages put it.
constexpr const char* library_names[] = {"libcublasLt.so.13", "libcublasLt.so.12",
                                         "/usr/local/cuda/lib64/libcublasLt.so.13",
                                         "/usr/local/cuda/lib64/libcublasLt.so.12"};

template <class Function>
bool find(void* opened, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(opened, name));
    return function != nullptr;
}

bool find_all(void* opened, CublasLibrary& library) {
    return find(opened, "cublasLtGetVersion", library.version) &&
           find(opened, "cublasLtGetStatusString", library.status_text) &&
           find(opened, "cublasLtCreate", library.create) && find(opened, "cublasLtMatmul", library.matmul) &&
           find(opened, "cublasLtMatmulAlgoGetHeuristic", library.choose_algorithms) &&
           find(opened, "cublasLtMatmulDescCreate", library.create_operation) &&
           find(opened, "cublasLtMatmulDescDestroy", library.destroy_operation) &&
           find(opened, "cublasLtMatmulDescSetAttribute", library.set_of_operation) &&
           find(opened, "cublasLtMatrixLayoutCreate", library.create_layout) &&
           find(opened, "cublasLtMatrixLayoutDestroy", library.destroy_layout) &&
           find(opened, "cublasLtMatrixLayoutSetAttribute", library.set_of_layout) &&
           find(opened, "cublasLtMatmulPreferenceCreate", library.create_preference) &&
           find(opened, "cublasLtMatmulPreferenceDestroy", library.destroy_preference) &&
           find(opened, "cublasLtMatmulPreferenceSetAttribute", library.set_of_preference);
}

/// The first library that has all functions and accepts this machine's driver.
CublasLibrary load() {
    CublasLibrary library;
    library.missing = "no libcublasLt.so.13 or .12";
    for (const char* name : library_names) {
        void* const opened = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        if (!opened) continue;
        if (!find_all(opened, library)) {
            library.missing = std::string(name) + " lacks functions";
        } else if (const cublasStatus_t status = library.create(&library.handle); status != CUBLAS_STATUS_SUCCESS) {
            library.handle = nullptr;
            library.missing = std::string(name) + " does not start: " + library.status_text(status);
        } else {
            return library;
        }
        dlclose(opened);
    }
    return library;
}

}  // namespace

void CublasLibrary::fail(cublasStatus_t status, const std::string& what) const {
    throw Error("cuBLASLt could not " + what + ": " + status_text(status));
}

const CublasLibrary& cublas_library() {
    static const CublasLibrary library = load();
    return library;
}

}  // namespace heed::cuda
