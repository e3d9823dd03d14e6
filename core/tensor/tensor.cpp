#include "heed/core/tensor/tensor.h"

#include <algorithm>
#include <string>
#include <utility>

#include "heed/core/device/context.h"
#include "heed/core/error.h"

namespace heed {

Tensor::Tensor(const Tensor& other)
    : storage_(other.storage_), offset_(other.offset_), shape_(other.shape_), dtype_(other.dtype_) {
    if (storage_) ++storage_->owners;
}

Tensor::Tensor(Tensor&& other) noexcept
    : storage_(std::exchange(other.storage_, nullptr)),
      offset_(other.offset_),
      shape_(other.shape_),
      dtype_(other.dtype_) {}

Tensor& Tensor::operator=(const Tensor& other) {
    Tensor copy(other);
    return *this = std::move(copy);
}

Tensor& Tensor::operator=(Tensor&& other) noexcept {
    if (this != &other) {
        release();
        storage_ = std::exchange(other.storage_, nullptr);
        offset_ = other.offset_;
        shape_ = other.shape_;
        dtype_ = other.dtype_;
    }
    return *this;
}

Tensor::~Tensor() {
    release();
}

void Tensor::release() {
    if (storage_ && --storage_->owners == 0) storage_->context->allocator().release(storage_);
    storage_ = nullptr;
}

Tensor Tensor::empty(Context& context, const Shape& shape, DType dtype) {
    Tensor tensor;
    tensor.shape_ = shape;
    tensor.dtype_ = dtype;
    try {
        tensor.storage_ = context.allocator().acquire(tensor.bytes());
    } catch (const Error& error) {
        throw Error("a tensor of shape " + shape.to_string() + ": " + error.what());
    }
    return tensor;
}

Tensor Tensor::zeros(Context& context, const Shape& shape, DType dtype) {
    Tensor tensor = empty(context, shape, dtype);
    tensor.fill_zero();
    return tensor;
}

namespace {

template <class T>
Tensor copied(Context& context, const Shape& shape, std::span<const T> values) {
    if (shape.elements() != static_cast<int64_t>(values.size())) {
        throw Error("a tensor of shape " + shape.to_string() + " needs " + std::to_string(shape.elements()) +
                    " values, got " + std::to_string(values.size()));
    }
    Tensor tensor = Tensor::empty(context, shape, DTypeOf<T>::value);
    tensor.copy_from_host(values.data());
    return tensor;
}

}  // namespace

Tensor Tensor::from_host(Context& context, const Shape& shape, std::span<const float> values) {
    return copied(context, shape, values);
}

Tensor Tensor::from_host(Context& context, const Shape& shape, std::span<const int32_t> values) {
    return copied(context, shape, values);
}

Context& Tensor::context() const {
    if (!storage_) throw Error("an undefined tensor has no context");
    return *storage_->context;
}

bool Tensor::unique() const {
    return storage_ && storage_->owners == 1;
}

void* Tensor::raw() const {
    if (!storage_) throw Error("an undefined tensor has no data");
    // Addresses of the reference device are no real pointers: arithmetic on integers keeps that defined.
    auto base = reinterpret_cast<uintptr_t>(storage_->data);
    auto* address = reinterpret_cast<void*>(base + static_cast<uintptr_t>(offset_) * dtype_size(dtype_));
    if (OpObserver* observer = storage_->context->observer()) observer->touches(address, bytes());
    return address;
}

void* Tensor::address(DType dtype) const {
    if (dtype != dtype_) {
        throw Error(std::string("expected a tensor of ") + dtype_name(dtype) + ", got " + dtype_name(dtype_));
    }
    return raw();
}

Elements Tensor::data() const {
    return dtype_ == DType::bf16 ? Elements(data<Bf16>()) : Elements(f32());
}

Tensor Tensor::reshape(const Shape& shape) const {
    if (shape.elements() != elements()) {
        throw Error("cannot see a tensor of shape " + shape_.to_string() + " as " + shape.to_string());
    }
    Tensor result = *this;
    result.shape_ = shape;
    return result;
}

Tensor Tensor::view(int64_t offset, const Shape& shape) const {
    if (offset < 0 || offset + shape.elements() > elements()) {
        throw Error("a view of shape " + shape.to_string() + " at element " + std::to_string(offset) +
                    " does not lie within a tensor of shape " + shape_.to_string());
    }
    Tensor result = *this;
    result.offset_ += offset;
    result.shape_ = shape;
    return result;
}

Tensor Tensor::slice(int64_t begin, int64_t count) const {
    if (begin < 0 || count < 0 || begin + count > shape_[0]) {
        throw Error("rows " + std::to_string(begin) + " .. " + std::to_string(begin + count) +
                    " do not lie within a tensor of shape " + shape_.to_string());
    }
    Shape rows = shape_.with_first(count);
    int64_t row = shape_[0] == 0 ? 0 : elements() / shape_[0];
    return view(begin * row, rows);
}

void Tensor::copy_from_host(const void* host) {
    context().device().copy_from_host(raw(), host, bytes());
}

void Tensor::copy_to_host(void* host) const {
    context().device().copy_to_host(host, raw(), bytes());
}

void Tensor::copy_from(const Tensor& other) {
    if (!(other.shape_ == shape_) || other.dtype_ != dtype_) {
        throw Error("cannot copy a tensor of shape " + other.shape_.to_string() + " into one of shape " +
                    shape_.to_string());
    }
    context().device().copy(raw(), other.raw(), bytes());
}

void Tensor::fill_zero() {
    context().device().fill_zero(raw(), bytes());
}

std::vector<float> Tensor::to_vector() const {
    std::vector<float> values(static_cast<size_t>(elements()));
    if (dtype_ == DType::bf16) {
        std::vector<Bf16> stored(values.size());
        copy_to_host(stored.data());
        std::transform(stored.begin(), stored.end(), values.begin(), [](Bf16 x) { return to_float(x); });
        return values;
    }
    if (dtype_ != DType::f32) throw Error(std::string("expected a tensor of f32, got ") + dtype_name(dtype_));
    copy_to_host(values.data());
    return values;
}

}  // namespace heed
