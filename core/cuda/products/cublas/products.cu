#include "heed/core/cuda/products/cublas/products.cuh"

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "heed/core/cuda/device_buffer.cuh"
#include "heed/core/cuda/library_switch.h"
#include "heed/core/cuda/products/bf16_copy.cuh"
#include "heed/core/cuda/products/cublas/library.cuh"
#include "heed/core/cuda/products/cublas/plan.cuh"
#include "heed/core/cuda/products/matrix_product.cuh"

namespace heed::cuda {

namespace {

constexpr size_t workspace_bytes = size_t{32} << 20;  // what NVIDIA advises for Hopper

/// Far more than a training needs; where shapes never repeat it bounds the memory.
constexpr size_t most_kept_plans = 8192;

class Products final : public CublasProducts {
public:
    Products() { workspace_.reserve(workspace_bytes); }

    void multiply(const MatrixProduct& p, Precision precision) override {
        if (p.rows == 0 || p.columns == 0 || p.batch == 0) return;
        if (p.inner == 0) return tiled_matrix_product(p, precision);
        if (p.batch > 1 && p.c_batch_stride == 0) {  // all go into one c
            return each_of_batch(p, [&](const MatrixProduct& each) { multiply(each, precision); });
        }
        const TypedProduct typed = precision == Precision::bf16 ? in_bf16(p) : TypedProduct{p, p.bias, precision};
        const Plan& plan = plan_for(typed);
        if (plan.exists()) {
            plan.run(typed, workspace_.reserve(workspace_bytes));
        } else {
            tiled_matrix_product(p, precision);
        }
    }

    void multiply_same_a(const MatrixProduct& first, const MatrixProduct& second, Precision precision) override {
        copied_a_.reset();
        keeps_a_ = true;
        multiply(first, precision);
        keeps_a_ = false;
        multiply(second, precision);
        copied_a_.reset();
    }

    std::string name() const override {
        const size_t version = cublas_library().version();
        return "cuBLASLt " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
               std::to_string(version % 100);
    }

private:
    const Plan& plan_for(const TypedProduct& typed) {
        const ProductKey key = key_of(typed);
        auto found = plans_.find(key);
        if (found == plans_.end()) {
            if (plans_.size() >= most_kept_plans) plans_.clear();
            found = plans_.try_emplace(key, typed, workspace_bytes).first;
        }
        return found->second;
    }

    /// The product with operands of bf16: copies of those of f32, one copy where both are the same matrices. Where c is
    /// of bf16 cuBLASLt wants the bias of that type too.
    TypedProduct in_bf16(const MatrixProduct& p) {
        const auto stored = [&](ConstElements data, bool transposed, int64_t rows, int64_t columns, int64_t row_stride,
                                int64_t batch_stride) {
            if (transposed) std::swap(rows, columns);
            const int64_t batch = batch_stride == 0 ? 1 : p.batch;
            return StoredMatrices{data.f32(), rows, columns, row_stride, batch, batch == 1 ? 0 : batch_stride};
        };
        const StoredMatrices a = stored(p.a, p.transpose_a, p.rows, p.inner, p.a_row_stride, p.a_batch_stride);
        const StoredMatrices b = stored(p.b, p.transpose_b, p.inner, p.columns, p.b_row_stride, p.b_batch_stride);
        TypedProduct typed{p, p.bias, Precision::bf16};
        const auto replace = [](const StoredMatrices& of, const Bf16* copy, ConstElements& data, int64_t& row_stride,
                                int64_t& batch_stride) {
            data = copy;
            row_stride = bf16_row_stride(of.columns);
            batch_stride = of.batch == 1 ? 0 : of.rows * row_stride;
        };
        const Bf16* copy_of_a = nullptr;
        if (!p.a.is_bf16()) {
            Bf16* const copy = room_for(copies_of_a_, a);
            if (copied_a_ != a) copy_as_bf16(a, copy);
            copied_a_ = keeps_a_ ? std::optional(a) : std::nullopt;
            copy_of_a = copy;
            replace(a, copy, typed.product.a, typed.product.a_row_stride, typed.product.a_batch_stride);
        }
        if (!p.b.is_bf16()) {
            const Bf16* copy = copy_of_a;
            if (!copy_of_a || a != b) copy = copied(b, copies_of_b_);
            replace(b, copy, typed.product.b, typed.product.b_row_stride, typed.product.b_batch_stride);
        }
        if (p.bias && p.c.is_bf16()) typed.bias = copied({p.bias, 1, p.columns, p.columns, 1, 0}, copy_of_bias_);
        return typed;
    }

    static Bf16* room_for(DeviceBuffer& buffer, const StoredMatrices& of) {
        return static_cast<Bf16*>(buffer.reserve(static_cast<size_t>(bf16_count(of)) * sizeof(Bf16)));
    }
    static const Bf16* copied(const StoredMatrices& from, DeviceBuffer& buffer) {
        Bf16* const copy = room_for(buffer, from);
        copy_as_bf16(from, copy);
        return copy;
    }

    DeviceBuffer workspace_, copies_of_a_, copies_of_b_, copy_of_bias_;
    bool keeps_a_ = false;
    std::optional<StoredMatrices> copied_a_;  ///< whose copy is in copies_of_a_ and still true
    std::unordered_map<ProductKey, Plan, ProductKeyHash> plans_;
};

}  // namespace

LoadedCublas load_cublas() {
    if (!is_library_wanted("HEED_CUBLAS")) return {nullptr, " (HEED_CUBLAS=off)"};
    const CublasLibrary& library = cublas_library();
    if (!library.handle) return {nullptr, " (" + library.missing + ")"};
    return {std::make_unique<Products>(), ""};
}

}  // namespace heed::cuda
