#pragma once

#include <string>

#include "heed/core/context.h"
#include "heed/core/error.h"
#include "heed/core/tensor.h"

namespace heed {

/// The kernels of one op, by device. A null entry means that the op cannot run there, which is an error.
template <class Kernels>
struct KernelTable {
    const char* op;
    const Kernels& (*cpu)();
    const Kernels& (*reference)();

    /// The kernels for the device on which `tensor` lives.
    const Kernels& operator()(const Tensor& tensor) const {
        Device& device = tensor.context().device();
        auto* choose = device.kind() == DeviceKind::cpu ? cpu : reference;
        if (!choose) throw Error(std::string("op ") + op + " has no kernel for device " + device.name());
        return choose();
    }
};

}  // namespace heed
