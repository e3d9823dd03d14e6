#include "heed/core/device/device.h"

#include <string>
#include <vector>

#include "heed/core/cpu/cpu_device.h"
#include "heed/core/cuda/cuda_device.h"
#include "heed/core/error.h"
#include "heed/core/reference/reference_device.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/core/shapes/shapes_device.h"

namespace heed {

namespace {

std::unique_ptr<Device> make_cuda_device_if_built() {
    if (!make_cuda_device) {
        throw UserError(
            "device=cuda: this build of Heed has no CUDA; build it with nvcc on the path and -DHEED_CUDA=ON "
            "(docs/gpu.md)");
    }
    return make_cuda_device();
}

}  // namespace

void Device::set_precision(Precision precision) {
    if (precision != Precision::f32) require_precision(precision);
    precision_ = precision;
}

void Device::require_precision(Precision precision) const {
    throw UserError(std::string("precision=") + name_of(precision) + ": device=" + name() +
                    " multiplies in f32 alone; bf16 goes with device=cuda and with device=cpu on a processor that has "
                    "AVX512-BF16 or AMX, tf32 with device=cuda");
}

std::span<const DeviceType> device_types() {
    static constexpr DeviceType types[device_kinds] = {
        {"cpu", make_cpu_device, true},
        {"reference", make_reference_device, true},
        {"shapes", make_shapes_device, false},
        {"cuda", make_cuda_device_if_built, true},
    };
    return types;
}

std::unique_ptr<Device> make_device(std::string_view name) {
    std::vector<std::string> names;
    for (const DeviceType& type : device_types()) {
        if (name == type.name) return type.make();
        names.emplace_back(type.name);
    }
    throw UserError("expected a device out of " + listed(names) + ", got " + quote(name) + did_you_mean(name, names));
}

}  // namespace heed
