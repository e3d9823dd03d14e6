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

MatrixProduct contiguous_product(MatrixOperand a, MatrixOperand b, Elements c, int64_t rows, int64_t inner,
                                 int64_t columns, bool accumulate) {
    MatrixProduct product;
    product.transpose_a = a.transpose;
    product.transpose_b = b.transpose;
    product.rows = rows;
    product.columns = columns;
    product.inner = inner;
    product.a = a.data;
    product.a_row_stride = a.row_length;
    product.b = b.data;
    product.b_row_stride = b.row_length;
    product.beta = accumulate ? 1.0f : 0.0f;
    product.c = c;
    product.c_row_stride = columns;
    return product;
}

void check_element_types(const MatrixProduct& product, Precision precision) {
    if (precision == Precision::bf16) return;
    if (product.a.is_bf16() || product.b.is_bf16() || product.c.is_bf16()) {
        throw Error(std::string("a product of matrices of bf16 takes precision=bf16, got precision=") +
                    name_of(precision));
    }
}

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
