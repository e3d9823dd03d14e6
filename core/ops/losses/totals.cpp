#include "heed/core/ops/losses/totals.h"

#include "heed/core/kernels/totals_kernels.h"
#include "heed/core/ops/check.h"

namespace heed {

void add_total(const Tensor& value, double factor, const Tensor& total) {
    check_shape("add_total", "value", value.shape(), {1});
    check_shape("add_total", "total", total.shape(), {1});
    totals_kernels(total).add(value.data<double>(), factor, total.data<double>());
}

void add_equal_total(const Tensor& a, const Tensor& b, const Tensor& total) {
    check_shape("add_equal_total", "the second tensor", b.shape(), a.shape());
    check_shape("add_equal_total", "total", total.shape(), {1});
    totals_kernels(total).add_equal(a.data<int32_t>(), b.data<int32_t>(), a.elements(), total.data<double>());
}

void add_exact_total(const Tensor& logits, const Tensor& targets, const Tensor& total) {
    check_rank("add_exact_total", "logits", logits.shape(), 2);
    check_shape("add_exact_total", "targets", targets.shape(), logits.shape());
    check_shape("add_exact_total", "total", total.shape(), {1});
    totals_kernels(total).add_exact(logits.f32(), targets.f32(), logits.shape()[0], logits.shape()[1],
                                    total.data<double>());
}

}  // namespace heed
