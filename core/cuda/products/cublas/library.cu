#include "heed/core/cuda/products/cublas/library.cuh"

#include "heed/core/cuda/run_time_library.h"
#include "heed/core/error.h"

namespace heed::cuda {

namespace {

/// The loader's paths (LD_LIBRARY_PATH, the system's) come first, then where NVIDIA's packages put it.
constexpr const char* library_names[] = {"libcublasLt.so.13", "libcublasLt.so.12",
                                         "/usr/local/cuda/lib64/libcublasLt.so.13",
                                         "/usr/local/cuda/lib64/libcublasLt.so.12"};

bool find_all(void* opened, CublasLibrary& library) {
    return find_function(opened, "cublasLtGetVersion", library.version) &&
           find_function(opened, "cublasLtGetStatusString", library.status_text) &&
           find_function(opened, "cublasLtCreate", library.create) &&
           find_function(opened, "cublasLtMatmul", library.matmul) &&
           find_function(opened, "cublasLtMatmulAlgoGetHeuristic", library.choose_algorithms) &&
           find_function(opened, "cublasLtMatmulDescCreate", library.create_operation) &&
           find_function(opened, "cublasLtMatmulDescDestroy", library.destroy_operation) &&
           find_function(opened, "cublasLtMatmulDescSetAttribute", library.set_of_operation) &&
           find_function(opened, "cublasLtMatrixLayoutCreate", library.create_layout) &&
           find_function(opened, "cublasLtMatrixLayoutDestroy", library.destroy_layout) &&
           find_function(opened, "cublasLtMatrixLayoutSetAttribute", library.set_of_layout) &&
           find_function(opened, "cublasLtMatmulPreferenceCreate", library.create_preference) &&
           find_function(opened, "cublasLtMatmulPreferenceDestroy", library.destroy_preference) &&
           find_function(opened, "cublasLtMatmulPreferenceSetAttribute", library.set_of_preference);
}

/// The first library that has all functions and accepts this machine's driver.
CublasLibrary load() {
    CublasLibrary library;
    library.missing = open_library(library_names, "no libcublasLt.so.13 or .12", [&](void* opened, const char* name) {
        if (!find_all(opened, library)) return std::string(name) + " lacks functions";
        const cublasStatus_t status = library.create(&library.handle);
        if (status == CUBLAS_STATUS_SUCCESS) return std::string();
        library.handle = nullptr;
        return std::string(name) + " does not start: " + library.status_text(status);
    });
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
