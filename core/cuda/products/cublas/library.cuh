#pragma once

#include <cublasLt.h>

#include <string>

namespace heed::cuda {

/// The functions of cuBLASLt that Heed calls, out of a library that is loaded when the first device cuda is made:
/// linked to the program it would cost every command 0.1 s and 200 MB.
struct CublasLibrary {
    cublasLtHandle_t handle = nullptr;  ///< null where there is no library that works
    std::string missing;                ///< why

    decltype(&cublasLtGetVersion) version = nullptr;
    decltype(&cublasLtGetStatusString) status_text = nullptr;
    decltype(&cublasLtCreate) create = nullptr;
    decltype(&cublasLtMatmul) matmul = nullptr;
    decltype(&cublasLtMatmulAlgoGetHeuristic) choose_algorithms = nullptr;
    decltype(&cublasLtMatmulDescCreate) create_operation = nullptr;
    decltype(&cublasLtMatmulDescDestroy) destroy_operation = nullptr;
    decltype(&cublasLtMatmulDescSetAttribute) set_of_operation = nullptr;
    decltype(&cublasLtMatrixLayoutCreate) create_layout = nullptr;
    decltype(&cublasLtMatrixLayoutDestroy) destroy_layout = nullptr;
    decltype(&cublasLtMatrixLayoutSetAttribute) set_of_layout = nullptr;
    decltype(&cublasLtMatmulPreferenceCreate) create_preference = nullptr;
    decltype(&cublasLtMatmulPreferenceDestroy) destroy_preference = nullptr;
    decltype(&cublasLtMatmulPreferenceSetAttribute) set_of_preference = nullptr;

    /// Throws Error "cuBLASLt could not <what>: <status>" unless `status` is success. `what` is called only then.
    template <class Describe>
    void check(cublasStatus_t status, const Describe& what) const {
        if (status != CUBLAS_STATUS_SUCCESS) fail(status, what());
    }
    [[noreturn]] void fail(cublasStatus_t status, const std::string& what) const;
};

/// The one of this process, loaded at the first call and never unloaded.
const CublasLibrary& cublas_library();

}  // namespace heed::cuda
