#pragma once

#include "heed/core/device/device_kind.h"

namespace heed {

class Device;
class Tensor;

const Device& device_of(const Tensor& tensor);

/// The index of a device in a table of kernels.
int device_number(const Device& device);

/// Throws Error: the op has no kernels for the device.
[[noreturn]] void refuse_device(const char* op, const Device& device);

/// The kernels of one op, by device. A missing entry means that the op cannot run there, which is an error.
template <class Kernels>
struct KernelTable {
    const char* op;
    const Kernels& (*by_device[device_kinds])();

    /// The kernels for the device on which `tensor` lives.
    const Kernels& operator()(const Tensor& tensor) const { return (*this)(device_of(tensor)); }
    const Kernels& operator()(const Device& device) const {
        const auto choose = by_device[device_number(device)];
        if (!choose) refuse_device(op, device);
        return choose();
    }
};

}  // namespace heed

/// Declares an op's kernels, `name_DEVICE()` for each device, and the table `name_kernels` of them. A new device is a
/// line in each half, in the order of DeviceKind. Those of cuda are null in a program into which they are not linked.
#define HEED_KERNELS(Kernels, name)                          \
    const Kernels& name##_cpu();                             \
    const Kernels& name##_reference();                       \
    const Kernels& name##_shapes();                          \
    [[gnu::weak]] const Kernels& name##_cuda();              \
                                                             \
    inline constexpr KernelTable<Kernels> name##_kernels = { \
        #name, {name##_cpu, name##_reference, name##_shapes, name##_cuda}}
