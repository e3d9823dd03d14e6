#include "heed/trainers/run/training_memory.h"

#include <optional>

#include "heed/core/device/context.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/loop/parameter_rules.h"
#include "heed/trainers/loop/weight_average.h"
#include "heed/trainers/optimizers/optimizer_options.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {

double training_peak_bytes(const Recipe& recipe, const DataFacts& facts, int64_t samples, std::string_view device) {
    Context context(device);
    const std::unique_ptr<Module> model = facts.kind().make_model(recipe, facts);
    const std::unique_ptr<ParameterStore> store = make_parameter_store(recipe, context, *model);
    const auto optimizer = recipe.options<OptimizerOptions>("optimizer").make_optimizer(*store);
    const double memory = recipe.options<TrainOptions>("train").ema;
    std::optional<WeightAverage> average;
    if (memory > 0) average.emplace(*store, memory);
    store->begin_step();
    {
        const Variable logits = facts.kind().forward_empty(*model, facts, context, samples);
        const Tensor targets = Tensor::zeros(context, {logits.shape()[0]}, DType::i32);
        const CrossEntropyResult loss = cross_entropy(logits, targets, 0);
        context.tape().backward(loss.loss);
    }
    context.tape().clear();
    return static_cast<double>(context.allocator().peak_bytes());
}

}  // namespace heed
