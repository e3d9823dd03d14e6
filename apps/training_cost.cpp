#include "heed/apps/training_cost.h"

#include <unistd.h>

#include <vector>

#include "heed/attention/attention.h"
#include "heed/core/context.h"
#include "heed/core/ops/cross_entropy.h"
#include "heed/datasets/image_options.h"
#include "heed/trainers/optimizer.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/trained_model.h"

namespace heed {
namespace {

/// Peak of the device memory of forward and backward over `count` images, with all that a training keeps.
double peak_bytes(const Recipe& recipe, const ImageGeometry& images, int64_t count) {
    Context context(recipe.options<GeneralOptions>("").device);
    const auto model = make_model(recipe, images);
    ParameterStore store(context, *model, 0, {}, no_decay_selection(recipe));
    const auto optimizer = make_optimizer(recipe.options<OptimizerOptions>("optimizer"), store);
    ForwardState state;
    state.training = true;
    store.begin_step();
    const Tensor input = Tensor::zeros(context, {count, images.channels, images.height, images.width});
    const std::vector<int32_t> labels(static_cast<size_t>(count), 0);
    const Tensor targets = Tensor::from_host(context, {count}, std::span<const int32_t>(labels));
    {
        const CrossEntropyResult loss = cross_entropy(model->forward(input, state), targets, 0);
        context.tape().backward(loss.loss);
    }
    context.tape().clear();
    return static_cast<double>(context.allocator().peak_bytes());
}

double machine_bytes() {
    return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
}

}  // namespace

TrainingCost training_cost(const Recipe& recipe, const ImageGeometry& images) {
    constexpr int64_t few = 2, more = 4;
    constexpr double kept_values = 4;  // of each parameter: itself, its gradient, two moments
    const auto model = make_model(recipe, images);
    TrainingCost cost;
    cost.parameters = model->parameter_count();
    cost.tokens = model->tokens();
    cost.multiplies = model->multiplies();
    cost.attention = attention_remark(*model, cost.tokens);
    cost.bytes = static_cast<double>(cost.parameters) * kept_values * sizeof(float);
    cost.measured = cost.bytes < machine_bytes() / 2;
    if (!cost.measured) return cost;
    const double base = peak_bytes(recipe, images, few);
    const double slope = (peak_bytes(recipe, images, more) - base) / static_cast<double>(more - few);
    const int64_t batch = recipe.options<ImageDataOptions>("data").batch;
    cost.bytes = base + slope * static_cast<double>(batch - few);
    return cost;
}

}  // namespace heed
