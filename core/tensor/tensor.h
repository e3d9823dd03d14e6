#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heed/core/tensor/dtype.h"
#include "heed/core/tensor/elements.h"
#include "heed/core/tensor/shape.h"

namespace heed {

class Context;
struct Storage;

/// A contiguous row-major array on a device. Copies share the memory; views made by reshape and slice do as well.
class Tensor {
public:
    Tensor() = default;
    Tensor(const Tensor& other);
    Tensor(Tensor&& other) noexcept;
    Tensor& operator=(const Tensor& other);
    Tensor& operator=(Tensor&& other) noexcept;
    ~Tensor();

    static Tensor empty(Context& context, const Shape& shape, DType dtype = DType::f32);
    static Tensor zeros(Context& context, const Shape& shape, DType dtype = DType::f32);
    /// Copies `values` to the device. Throws Error when their number is not that of the shape.
    static Tensor from_host(Context& context, const Shape& shape, std::span<const float> values);
    static Tensor from_host(Context& context, const Shape& shape, std::span<const int32_t> values);

    bool defined() const { return storage_ != nullptr; }
    const Shape& shape() const { return shape_; }
    DType dtype() const { return dtype_; }
    int64_t elements() const { return shape_.elements(); }
    size_t bytes() const { return static_cast<size_t>(elements()) * dtype_size(dtype_); }
    Context& context() const;
    /// True when no other tensor shares the memory, so that it may be written in place.
    bool unique() const;

    /// Device address of the first element. Throws Error when the tensor is undefined or has another dtype.
    template <class T>
    T* data() const {
        return static_cast<T*>(address(DTypeOf<T>::value));
    }
    /// The same; null when the tensor is undefined.
    template <class T>
    T* data_or_null() const {
        return defined() ? data<T>() : nullptr;
    }
    float* f32() const { return data<float>(); }
    /// The address and which of both they are, of a tensor of f32 or bf16. Throws Error for other dtypes.
    Elements data() const;
    void* raw() const;

    /// The same elements seen in another shape. Throws Error when the numbers of elements differ.
    Tensor reshape(const Shape& shape) const;
    /// Rows begin .. begin + count of the first axis.
    Tensor slice(int64_t begin, int64_t count) const;
    /// A view of `elements(shape)` elements that starts `offset` elements into this tensor.
    Tensor view(int64_t offset, const Shape& shape) const;

    void copy_from_host(const void* host);
    void copy_to_host(void* host) const;
    void copy_from(const Tensor& other);
    void fill_zero();
    /// The values of a tensor of f32 or bf16 on the host.
    std::vector<float> to_vector() const;

private:
    void* address(DType dtype) const;
    void release();

    Storage* storage_ = nullptr;
    int64_t offset_ = 0;
    Shape shape_;
    DType dtype_ = DType::f32;
};

}  // namespace heed
