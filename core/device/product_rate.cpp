#include "heed/core/device/product_rate.h"

#include <algorithm>
#include <chrono>

#include "heed/core/device/context.h"
#include "heed/core/tensor/tensor.h"

namespace heed {

double product_rate(Context& context, double long_enough, double budget) {
    using Clock = std::chrono::steady_clock;
    constexpr int64_t largest = 8192;
    double best = 0.0, all = 0.0;
    for (int64_t side = 256; side <= largest && all < budget;) {
        const Tensor a = Tensor::zeros(context, {side, side}), b = Tensor::zeros(context, {side, side});
        Tensor c = Tensor::zeros(context, {side, side});
        const MatrixProduct product =
            contiguous_product({a.f32(), side}, {b.f32(), side}, c.f32(), side, side, side, false);
        double seconds = 0.0;
        for (int run = 0; run < 4; ++run) {  // the first may prepare something
            const Clock::time_point start = Clock::now();
            context.device().matrix_product(product);
            float value = 0.0f;
            c.view(0, {1}).copy_to_host(&value);
            seconds = std::chrono::duration<double>(Clock::now() - start).count();
            all += seconds;
            if (run > 0) best = std::max(best, static_cast<double>(side * side * side) / seconds);
        }
        if (seconds < long_enough) side *= 2;
    }
    context.allocator().trim();
    return best;
}

}  // namespace heed
