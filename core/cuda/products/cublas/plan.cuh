#pragma once

#include <cublasLt.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "heed/core/cuda/products/cublas/library.cuh"
#include "heed/core/device/device.h"

namespace heed::cuda {

/// A product as cuBLASLt takes it: a and b of one type, c of f32 or of theirs, and in place of its bias one of the type
/// of c.
struct TypedProduct {
    MatrixProduct product;
    ConstElements bias;
    Precision precision;
};

/// All that the choice of an algorithm depends on.
ProductKey key_of(const TypedProduct& typed);

/// How cuBLASLt computes products of one key. It thinks in columns: it is given c^T = op(b)^T op(a)^T, for which
/// nothing is copied.
class Plan {
public:
    Plan(const TypedProduct& typed, size_t workspace_bytes);

    /// False where cuBLASLt has no algorithm for it.
    bool exists() const { return exists_; }
    void run(const TypedProduct& typed, void* workspace) const;

private:
    using Operation = std::unique_ptr<cublasLtMatmulDescOpaque_t, decltype(&cublasLtMatmulDescDestroy)>;
    using Layout = std::unique_ptr<cublasLtMatrixLayoutOpaque_t, decltype(&cublasLtMatrixLayoutDestroy)>;

    Layout make_layout(const MatrixProduct& p, cudaDataType_t type, int64_t rows, int64_t columns, int64_t stride,
                       int64_t batch_stride) const;
    void choose_algorithm(const TypedProduct& typed, size_t workspace_bytes);

    const CublasLibrary& library_;
    Operation operation_;
    Layout a_, b_, c_;
    cublasLtMatmulAlgo_t algorithm_{};
    size_t workspace_bytes_ = 0;
    bool exists_ = false;
};

}  // namespace heed::cuda
