#include "heed/trainers/conversion/stream_alignment.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <string>
#include <utility>

#include "heed/core/device/context.h"
#include "heed/trainers/conversion/layer_recorder.h"
#include "heed/trainers/optimizers/adam.h"

namespace heed {

StreamAlignment::StreamAlignment(Module& old, Module& now, std::vector<SwappedLayer> layers, ParameterStore& store)
    : old_(old), now_(now), layers_(std::move(layers)), store_(store) {}

int64_t StreamAlignment::show(Task& task, int64_t batch, uint64_t seed, const Use& use) {
    std::vector<std::string> old_names, names;
    for (const SwappedLayer& layer : layers_) {
        old_names.push_back(layer.old->name());
        names.push_back(layer.now->name());
    }
    LayerRecorder before(old_names), after(names);
    int64_t samples = 0;
    const auto one_batch = [&](int64_t count) {
        samples = count;
        return false;
    };
    task.use_model(old_);
    task.show_training(batch, seed, before, one_batch);
    task.use_model(now_);
    task.show_training(batch, seed, after, one_batch);
    for (size_t layer = 0; layer < layers_.size(); ++layer) {
        const LayerInputs& old_inputs = before.inputs(old_names[layer]);
        const LayerInputs& inputs = after.inputs(names[layer]);
        for (size_t i = 0; i < inputs.size(); ++i) {
            const std::vector<int64_t> counts = query_counts(inputs[i]);
            TokenRows target = layer_rows(*layers_[layer].old, old_inputs[i]);
            if (target.rows() == 0) continue;
            target += real_rows(before.streams(old_names[layer])[i], counts);
            target -= real_rows(after.streams(names[layer])[i], counts);
            use(layer, inputs[i], target);
        }
    }
    return samples;
}

void StreamAlignment::run(Task& task, int64_t batch, uint64_t seed, int64_t steps, double lr) {
    Context& context = store_.context();
    const auto take_gradient = [&](size_t layer, const AttentionInput& input, const TokenRows& target) {
        if (layers_[layer].now->parameter_count() == 0) return;
        const Variable output = layers_[layer].now->forward(input, {});
        const std::vector<int64_t> counts = query_counts(input);
        const float variation = (target.rowwise() - target.colwise().mean()).squaredNorm();
        const TokenRows gradient = (real_rows(output.value(), counts) - target) * (2.0f / std::max(variation, 1e-20f));
        context.tape().backward(output, spread_rows(context, gradient, counts, output.shape()));
        context.tape().clear();
    };
    // No weight decay: parameters without a gradient, all but those of the layers, stay as they are to the bit.
    const std::unique_ptr<Optimizer> optimizer = AdamOptions().make_optimizer(store_);
    for (int64_t step = 1; step <= steps; ++step) {
        store_.begin_step();
        show(task, batch, seed + static_cast<uint64_t>(step), take_gradient);
        store_.finish_gradients();
        const double done = static_cast<double>(step - 1) / static_cast<double>(steps);
        optimizer->step(step, lr * 0.5 * (1.0 + std::cos(std::numbers::pi * done)), 1.0);
    }
}

std::vector<double> StreamAlignment::r2(Task& task, int64_t batch, uint64_t seed, int64_t samples) {
    constexpr int64_t most_tokens = 65536;
    struct Sums {
        int64_t rows = 0;
        double error = 0.0, squares = 0.0;
        Eigen::RowVectorXd mean;  // times rows
    };
    std::vector<Sums> sums(layers_.size());
    const auto add = [&](size_t layer, const AttentionInput& input, const TokenRows& target) {
        Sums& own = sums[layer];
        if (own.rows == 0) own.mean = Eigen::RowVectorXd::Zero(target.cols());
        own.rows += target.rows();
        own.error += (layer_rows(*layers_[layer].now, input) - target).cast<double>().squaredNorm();
        own.squares += target.cast<double>().squaredNorm();
        own.mean += target.cast<double>().colwise().sum();
    };
    const int64_t most = std::min(samples, task.samples(Split::train));
    int64_t seen = 0, tokens = 0;
    // Orders other than those of the steps.
    for (uint64_t order = seed + (uint64_t{1} << 32); seen < most && tokens < most_tokens; ++order) {
        const int64_t shown = show(task, batch, order, add);
        if (shown == 0) break;
        seen += shown;
        tokens = 0;
        for (const Sums& layer : sums) tokens = std::max(tokens, layer.rows);
    }
    std::vector<double> r2;
    for (const Sums& layer : sums) {
        const double mean = layer.rows == 0 ? 0.0 : layer.mean.squaredNorm() / static_cast<double>(layer.rows);
        r2.push_back(1.0 - layer.error / std::max(layer.squares - mean, 1e-30));
    }
    return r2;
}

}  // namespace heed
