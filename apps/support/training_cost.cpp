#include "heed/apps/support/training_cost.h"

#include <algorithm>

#include "heed/attention/attention.h"
#include "heed/core/device/context.h"
#include "heed/datasets/batches/batch_order.h"
#include "heed/trainers/checkpoint/initial_weights.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/run/checks/training_memory.h"

namespace heed {
namespace {

void try_initial_weights(const Recipe& recipe, const DataFacts& facts) {
    Context context("cpu");
    const std::unique_ptr<Module> model = facts.kind().make_model(recipe, facts);
    ParameterStore store(context, *model, 0);
    load_initial_weights(recipe, store, *model, facts);
}

}  // namespace

TrainingCost training_cost(const Recipe& recipe, const ExpectedData& data) {
    const TrainOptions& train = recipe.options<TrainOptions>("train");
    const TrainingKind& kind = data.facts->kind();
    const int64_t batch = kind.samples_at_a_time(recipe);
    const std::unique_ptr<Module> model = kind.make_model(recipe, *data.facts);
    TrainingCost cost;
    cost.batch = data.train_samples > 0 ? std::min(batch, data.train_samples) : batch;
    cost.epoch_steps = data.epoch_steps;
    if (cost.epoch_steps == 0 && data.train_samples > 0) {
        cost.epoch_steps = batches_per_epoch(data.train_samples, batch * train.accumulate);
    }
    cost.steps = train.steps > 0 ? train.steps : train.epochs * cost.epoch_steps;
    cost.parameters = model->parameter_count();
    cost.sample = kind.sample_cost(recipe, *model, data);
    cost.attention = attention_remark(*model, cost.sample.tokens);
    if (!recipe.options<GeneralOptions>("").init.empty()) try_initial_weights(recipe, *data.facts);
    kind.check_fit(recipe, data.facts.get());
    cost.bytes = training_memory(recipe, *data.facts, cost.batch).peak;
    return cost;
}

}  // namespace heed
