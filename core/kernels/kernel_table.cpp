#include "heed/core/kernels/kernel_table.h"

#include <string>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/tensor/tensor.h"

namespace heed {

const Device& device_of(const Tensor& tensor) {
    return tensor.context().device();
}

int device_number(const Device& device) {
    return static_cast<int>(device.kind());
}

void refuse_device(const char* op, const Device& device) {
    throw Error(std::string("op ") + op + " has no kernels for the device " + device.name());
}

}  // namespace heed
