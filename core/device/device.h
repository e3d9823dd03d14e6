#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "heed/core/device/device_kind.h"
#include "heed/core/device/matrix_product.h"
#include "heed/core/device/precision.h"
#include "heed/core/tensor/dtype.h"

namespace heed {

/// What every op may ask of the place where tensors live. All other kernels belong to their op.
class Device {
public:
    virtual ~Device() = default;

    virtual DeviceKind kind() const = 0;
    virtual const char* name() const = 0;
    /// False for a device that only keeps account of memory: numbers that are read from it are zeros.
    virtual bool computes() const { return true; }

    /// Memory of at least `bytes` bytes, 64-byte aligned. Throws Error when there is none.
    virtual void* allocate(size_t bytes) = 0;
    virtual void release(void* address, size_t bytes) = 0;

    virtual void copy_from_host(void* destination, const void* host, size_t bytes) = 0;
    virtual void copy_to_host(void* host, const void* source, size_t bytes) = 0;
    virtual void copy(void* destination, const void* source, size_t bytes) = 0;
    virtual void fill_zero(void* destination, size_t bytes) = 0;
    /// Whether the host may read and write this memory at its address, at any time.
    virtual bool shares_host_memory() const = 0;

    virtual void matrix_product(const MatrixProduct& product) = 0;
    /// One after the other. They have the operand a in common, transposed or not, so that what is made of it for the
    /// first may serve the second.
    virtual void matrix_products_of_same_a(const MatrixProduct& first, const MatrixProduct& second) {
        matrix_product(first);
        matrix_product(second);
    }
    /// What multiplies, with its version, such as "oneDNN 2.6.3".
    virtual std::string product_engine() const { return "Heed's own kernel"; }

    Precision precision() const { return precision_; }
    /// How exactly matrix_product computes from now on. Throws UserError where the device or this machine has no such
    /// products; f32 is always there.
    void set_precision(Precision precision);
    /// The type of what ops keep between two products, where both ops know bf16: in the precision bf16 that, else f32.
    DType activation_dtype() const { return precision_ == Precision::bf16 ? DType::bf16 : DType::f32; }

protected:
    /// Throws UserError where there are no products of that precision, which is not f32.
    virtual void require_precision(Precision precision) const;

private:
    Precision precision_ = Precision::f32;
};

/// One line of the registry of devices.
struct DeviceType {
    const char* name;
    std::unique_ptr<Device> (*make)();
    bool computes;  ///< as Device::computes
};

/// All devices, in the order of DeviceKind.
std::span<const DeviceType> device_types();

/// The device of that name. Throws UserError with the nearest name where there is none.
std::unique_ptr<Device> make_device(std::string_view name);

}  // namespace heed
