#include "heed/apps/support/training_cost.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "heed/attention/attention.h"
#include "heed/core/device/context.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/datasets/batches/batch_order.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/loop/parameter_rules.h"
#include "heed/trainers/optimizers/optimizer_options.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/run/initial_weights.h"

namespace heed {
namespace {

std::vector<int32_t> repeated(int64_t count, int64_t value) {
    return std::vector<int32_t>(static_cast<size_t>(count), static_cast<int32_t>(value));
}

/// Peak of the device memory of forward and backward over `count` samples, with all that a training keeps.
double peak_bytes(const Recipe& recipe, const DataFacts& facts, int64_t count) {
    Context context(recipe.options<GeneralOptions>("").device);
    const std::unique_ptr<Module> model = facts.kind().make_model(recipe, facts);
    const auto own_store = make_parameter_store(recipe, context, *model);
    ParameterStore& store = *own_store;
    const auto optimizer = recipe.options<OptimizerOptions>("optimizer").make_optimizer(store);
    store.begin_step();
    {
        const Variable logits = facts.kind().forward_empty(*model, facts, context, count);
        const int64_t rows = logits.shape()[0];
        const Tensor targets = Tensor::from_host(context, {rows}, std::span<const int32_t>(repeated(rows, 0)));
        const CrossEntropyResult loss = cross_entropy(logits, targets, 0);
        context.tape().backward(loss.loss);
    }
    context.tape().clear();
    return static_cast<double>(context.allocator().peak_bytes());
}

void try_initial_weights(const Recipe& recipe, const DataFacts& facts) {
    Context context("cpu");
    const std::unique_ptr<Module> model = facts.kind().make_model(recipe, facts);
    ParameterStore store(context, *model, 0);
    load_initial_weights(recipe, store);
}

double machine_bytes() {
    return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
}

}  // namespace

TrainingCost training_cost(const Recipe& recipe, const ExpectedData& data) {
    constexpr int64_t few = 2, more = 4;
    constexpr double kept_values = 4;  // of each parameter: itself, its gradient, two moments
    const TrainOptions& train = recipe.options<TrainOptions>("train");
    const TrainingKind& kind = data.facts->kind();
    const int64_t batch = kind.samples_at_a_time(recipe);
    const std::unique_ptr<Module> model = kind.make_model(recipe, *data.facts);
    TrainingCost cost;
    cost.batch = data.train_samples > 0 ? std::min(batch, data.train_samples) : batch;
    cost.steps = train.steps;
    if (cost.steps == 0 && data.train_samples > 0) {
        cost.steps = train.epochs * batches_per_epoch(data.train_samples, batch * train.accumulate);
    }
    cost.parameters = model->parameter_count();
    cost.sample = kind.sample_cost(recipe, *model, data);
    cost.attention = attention_remark(*model, cost.sample.tokens);
    cost.bytes = static_cast<double>(cost.parameters) * kept_values * sizeof(float);
    cost.measured = cost.bytes < machine_bytes() / 2;
    if (!cost.measured) return cost;
    try_initial_weights(recipe, *data.facts);
    const double base = peak_bytes(recipe, *data.facts, few);
    const double slope = (peak_bytes(recipe, *data.facts, more) - base) / static_cast<double>(more - few);
    cost.bytes = base + slope * static_cast<double>(cost.batch - few);
    return cost;
}

}  // namespace heed
