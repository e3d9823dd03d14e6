#include "heed/core/cuda/products/cublas/plan.cuh"

#include <algorithm>
#include <string>

#include "heed/core/cuda/launch.cuh"

namespace heed::cuda {

namespace {

/// The largest power of two up to 256 that divides the address of every matrix of a batch.
uint32_t alignment(ConstElements first, int64_t batch_stride) {
    const uint64_t bits = reinterpret_cast<uintptr_t>(first.address()) |
                          static_cast<uint64_t>(batch_stride) * dtype_size(first.dtype()) | 256;
    return static_cast<uint32_t>(bits & -bits);
}

cudaDataType_t type_of(ConstElements elements) {
    return elements.is_bf16() ? CUDA_R_16BF : CUDA_R_32F;
}

struct Alignments {
    uint32_t a, b, c, bias;

    explicit Alignments(const TypedProduct& typed) {
        const MatrixProduct& p = typed.product;
        a = alignment(p.a, p.a_batch_stride);
        b = alignment(p.b, p.b_batch_stride);
        c = alignment(p.c, p.c_batch_stride);
        bias = alignment(typed.bias, 0);
    }
};

std::string describe(const TypedProduct& typed) {
    const MatrixProduct& p = typed.product;
    return std::string(name_of(typed.precision)) + " product of [" + std::to_string(p.rows) + " x " +
           std::to_string(p.inner) + "]" + (p.transpose_a ? " (transposed)" : "") + " of row stride " +
           std::to_string(p.a_row_stride) + " and [" + std::to_string(p.inner) + " x " + std::to_string(p.columns) +
           "]" + (p.transpose_b ? " (transposed)" : "") + " of row stride " + std::to_string(p.b_row_stride) +
           " into row stride " + std::to_string(p.c_row_stride) + ", a batch of " + std::to_string(p.batch);
}

}  // namespace

ProductKey key_of(const TypedProduct& typed) {
    const MatrixProduct& p = typed.product;
    const Alignments alignments(typed);
    return {p,
            {int64_t{p.beta != 0} | static_cast<int64_t>(typed.precision) << 1,
             int64_t{alignments.a} << 32 | alignments.b, int64_t{alignments.c} << 32 | alignments.bias}};
}

Plan::Plan(const TypedProduct& typed, size_t workspace_bytes)
    : library_(cublas_library()),
      operation_(nullptr, library_.destroy_operation),
      a_(nullptr, library_.destroy_layout),
      b_(nullptr, library_.destroy_layout),
      c_(nullptr, library_.destroy_layout) {
    const MatrixProduct& p = typed.product;
    const auto what = [&] { return "prepare the " + describe(typed); };
    const cublasComputeType_t computes =
        typed.precision == Precision::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    cublasLtMatmulDesc_t operation = nullptr;
    library_.check(library_.create_operation(&operation, computes, CUDA_R_32F), what);
    operation_.reset(operation);
    const auto set = [&](cublasLtMatmulDescAttributes_t attribute, const auto& value) {
        library_.check(library_.set_of_operation(operation_.get(), attribute, &value, sizeof value), what);
    };
    const auto transposed = [](bool yes) { return static_cast<int32_t>(yes ? CUBLAS_OP_T : CUBLAS_OP_N); };
    // Its first operand is our second one.
    set(CUBLASLT_MATMUL_DESC_TRANSA, transposed(p.transpose_b));
    set(CUBLASLT_MATMUL_DESC_TRANSB, transposed(p.transpose_a));
    if (p.bias) {
        set(CUBLASLT_MATMUL_DESC_EPILOGUE, static_cast<uint32_t>(CUBLASLT_EPILOGUE_BIAS));
        set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, typed.bias.address());
    }
    a_ = make_layout(p, type_of(p.a), p.transpose_a ? p.inner : p.rows, p.transpose_a ? p.rows : p.inner,
                     p.a_row_stride, p.a_batch_stride);
    b_ = make_layout(p, type_of(p.b), p.transpose_b ? p.columns : p.inner, p.transpose_b ? p.inner : p.columns,
                     p.b_row_stride, p.b_batch_stride);
    c_ = make_layout(p, type_of(p.c), p.rows, p.columns, p.c_row_stride, p.c_batch_stride);
    choose_algorithm(typed, workspace_bytes);
}

/// The transpose of a matrix that lies as rows x columns in memory.
Plan::Layout Plan::make_layout(const MatrixProduct& p, cudaDataType_t type, int64_t rows, int64_t columns,
                               int64_t stride, int64_t batch_stride) const {
    const auto what = [&] {
        return "describe a matrix of " + std::to_string(rows) + " x " + std::to_string(columns) + " of row stride " +
               std::to_string(stride);
    };
    cublasLtMatrixLayout_t made = nullptr;
    library_.check(
        library_.create_layout(&made, type, static_cast<uint64_t>(columns), static_cast<uint64_t>(rows), stride), what);
    Layout layout(made, library_.destroy_layout);
    if (p.batch > 1) {
        const auto count = static_cast<int32_t>(p.batch);
        library_.check(library_.set_of_layout(made, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count), what);
        library_.check(library_.set_of_layout(made, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &batch_stride,
                                              sizeof batch_stride),
                       what);
    }
    return layout;
}

void Plan::choose_algorithm(const TypedProduct& typed, size_t workspace_bytes) {
    const auto what = [&] { return "choose how to compute the " + describe(typed); };
    cublasLtMatmulPreference_t made = nullptr;
    library_.check(library_.create_preference(&made), what);
    const std::unique_ptr<cublasLtMatmulPreferenceOpaque_t, decltype(&cublasLtMatmulPreferenceDestroy)> preference(
        made, library_.destroy_preference);
    const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
        library_.check(library_.set_of_preference(made, attribute, &value, sizeof value), what);
    };
    const Alignments alignments(typed);
    set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t{workspace_bytes});
    // The scheme that is left out adds up where results lie, in the order in which blocks happen to end.
    set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignments.b);
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignments.a);
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignments.c);
    // The bias is read in the same pieces as d is written.
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, std::min(alignments.c, alignments.bias));
    cublasLtMatmulHeuristicResult_t result{};
    int found = 0;
    const cublasStatus_t status = library_.choose_algorithms(library_.handle, operation_.get(), b_.get(), a_.get(),
                                                             c_.get(), c_.get(), made, 1, &result, &found);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED || (status == CUBLAS_STATUS_SUCCESS && found == 0)) return;
    library_.check(status, what);
    library_.check(result.state, what);
    algorithm_ = result.algo;
    workspace_bytes_ = result.workspaceSize;
    exists_ = true;
}

void Plan::run(const TypedProduct& typed, void* workspace) const {
    const MatrixProduct& p = typed.product;
    const auto what = [&] { return "compute the " + describe(typed); };
    if (p.bias) {
        const void* const bias = typed.bias.address();
        library_.check(
            library_.set_of_operation(operation_.get(), CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof bias), what);
    }
    library_.check(library_.matmul(library_.handle, operation_.get(), &p.alpha, p.b.address(), b_.get(), p.a.address(),
                                   a_.get(), &p.beta, p.c.address(), c_.get(), p.c.address(), c_.get(), &algorithm_,
                                   workspace, workspace_bytes_, work_stream()),
                   what);
}

}  // namespace heed::cuda
