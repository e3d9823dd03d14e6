#include "heed/apps/training_cost.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "heed/attention/attention.h"
#include "heed/core/context.h"
#include "heed/core/ops/cross_entropy.h"
#include "heed/datasets/batch_order.h"
#include "heed/datasets/image_options.h"
#include "heed/trainers/any_model.h"
#include "heed/trainers/checkpoint.h"
#include "heed/trainers/optimizer.h"
#include "heed/trainers/parameter_rules.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {
namespace {

/// Peak of the device memory of forward and backward over `count` images, with all that a training keeps.
double peak_bytes(const Recipe& recipe, const ImageGeometry& images, int64_t count) {
    Context context(recipe.options<GeneralOptions>("").device);
    const auto model = make_image_model(recipe, images);
    const auto own_store = make_parameter_store(recipe, context, *model);
    ParameterStore& store = *own_store;
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

void check_initial_weights(const Recipe& recipe, const ImageGeometry& images) {
    const std::string& init = recipe.options<GeneralOptions>("").init;
    if (init.empty()) return;
    Context context("cpu");
    const auto model = make_image_model(recipe, images);
    ParameterStore store(context, *model, 0);
    load_weights(SafetensorsFile(init), store);
}

double machine_bytes() {
    return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
}

}  // namespace

TrainingCost training_cost(const Recipe& recipe, const ImageFacts& data) {
    constexpr int64_t few = 2, more = 4;
    constexpr double kept_values = 4;  // of each parameter: itself, its gradient, two moments
    const ImageGeometry images = {data.shape.channels, data.shape.height, data.shape.width, data.classes};
    const ImageDataOptions& options = recipe.options<ImageDataOptions>("data");
    const TrainOptions& train = recipe.options<TrainOptions>("train");
    const auto model = make_image_model(recipe, images);
    TrainingCost cost;
    const int64_t kept = data.train_images - std::llround(static_cast<double>(data.train_images) * options.validation);
    cost.batch = data.train_images > 0 ? std::min(options.batch, std::max<int64_t>(kept, 1)) : options.batch;
    if (data.train_images > 0) {
        cost.steps =
            train.steps > 0 ? train.steps : train.epochs * batches_per_epoch(kept, options.batch * train.accumulate);
    }
    cost.parameters = model->parameter_count();
    cost.tokens = model->tokens();
    cost.multiplies = model->multiplies();
    cost.attention = attention_remark(*model, cost.tokens);
    cost.bytes = static_cast<double>(cost.parameters) * kept_values * sizeof(float);
    cost.measured = cost.bytes < machine_bytes() / 2;
    if (!cost.measured) return cost;
    check_initial_weights(recipe, images);
    const double base = peak_bytes(recipe, images, few);
    const double slope = (peak_bytes(recipe, images, more) - base) / static_cast<double>(more - few);
    cost.bytes = base + slope * static_cast<double>(cost.batch - few);
    return cost;
}

}  // namespace heed
