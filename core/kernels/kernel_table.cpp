#include "heed/core/kernels/kernel_table.h"

#include <string>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/tensor/tensor.h"

namespace heed {

int device_number(const Tensor& tensor) {
    return static_cast<int>(tensor.context().device().kind());
}

void refuse_device(const char* op, const Tensor& tensor) {
    throw Error(std::string("op ") + op + " has no kernels for the device " + tensor.context().device().name());
}

}  // namespace heed
