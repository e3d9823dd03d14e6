#include "heed/core/device.h"

#include <string>

#include "heed/core/cpu/cpu_device.h"
#include "heed/core/error.h"
#include "heed/core/nearest_name.h"
#include "heed/core/reference/reference_device.h"

namespace heed {

MatrixProduct contiguous_product(MatrixOperand a, MatrixOperand b, float* c, int64_t rows, int64_t inner,
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

std::unique_ptr<Device> make_device(std::string_view name) {
    if (name == "cpu") return make_cpu_device();
    if (name == "reference") return make_reference_device();
    throw UserError("expected a device out of cpu and reference, got '" + std::string(name) + "'" +
                    did_you_mean(name, {"cpu", "reference"}));
}

}  // namespace heed
