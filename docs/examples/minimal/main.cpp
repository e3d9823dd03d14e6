// Trains a small vision transformer with optimised attention to tell horizontal from vertical stripes.
#include <cstdio>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/module/parameter_store.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/layers/models/vit.h"
#include "heed/trainers/optimizers/adam.h"

int main() {
    using namespace heed;
    constexpr int64_t count = 16, side = 8;
    std::vector<float> pixels(count * side * side);
    std::vector<int32_t> labels(count);
    for (int64_t i = 0; i < count; ++i) {
        labels[i] = static_cast<int32_t>(i % 2);
        for (int64_t p = 0; p < side * side; ++p) {
            const int64_t line = i % 2 ? p % side : p / side;
            pixels[i * side * side + p] = (line + i / 2) % 4 < 2 ? 1.0f : -1.0f;
        }
    }

    Context context("cpu");
    VitOptions options;
    options.dim = 32;
    options.depth = 2;
    const AttentionOptions attention;
    auto model = make_vit(options, {&attention_type("optimised"), &attention}, {1, side, side, 2});
    ParameterStore store(context, *model, /*seed=*/1);
    auto optimizer = AdamWOptions().make_optimizer(store);

    const Tensor images = Tensor::from_host(context, {count, 1, side, side}, std::span<const float>(pixels));
    const Tensor targets = Tensor::from_host(context, {count}, std::span<const int32_t>(labels));
    double loss = 0.0;
    for (int64_t step = 1; step <= 50; ++step) {
        store.begin_step();
        CrossEntropyResult result = cross_entropy(model->forward(images, {.training = true}), targets, 0.0f);
        context.tape().backward(result.loss);
        context.tape().clear();
        optimizer->step(step, 1e-3, 1.0 / count);
        loss = result.totals().loss / count;
        if (step % 10 == 0) std::printf("step %2d  loss %.4f\n", static_cast<int>(step), loss);
    }
    return loss < 0.1 ? 0 : 1;
}
