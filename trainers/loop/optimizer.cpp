#include "heed/trainers/loop/optimizer.h"

#include <cmath>

#include "heed/core/error.h"
#include "heed/core/kernels/optimizer_kernels.h"

namespace heed {

namespace {

/// AdamW, or Adam, whose decay is part of the gradient.
class Adam final : public Optimizer {
public:
    Adam(const AdamWOptions& options, bool decoupled, ParameterStore& store)
        : Optimizer(store), options_(options), decoupled_(decoupled) {
        first_ = add_state("first_moment");
        second_ = add_state("second_moment");
    }

    void step(int64_t step, double lr, double gradient_scale) override {
        for (size_t index = 0; index < store_.groups().size(); ++index) {
            ParameterGroup& group = store_.groups()[index];
            if (!group.trainable || group.values.elements() == 0) continue;
            AdamWStep arguments{};
            arguments.parameters = group.values.f32();
            arguments.gradients = group.gradients.f32();
            arguments.first_moment = states_[first_].buffers[index].f32();
            arguments.second_moment = states_[second_].buffers[index].f32();
            arguments.count = group.values.elements();
            arguments.step = step;
            arguments.learning_rate = lr * group.lr_scale;
            arguments.beta1 = options_.beta1;
            arguments.beta2 = options_.beta2;
            arguments.epsilon = options_.epsilon;
            arguments.weight_decay = group.decay ? options_.weight_decay : 0.0;
            arguments.gradient_scale = gradient_scale;
            if (decoupled_) {
                optimizer_kernels(group.values).adamw(arguments);
            } else {
                optimizer_kernels(group.values).adam(arguments);
            }
        }
    }

private:
    AdamWOptions options_;
    bool decoupled_;
    size_t first_, second_;
};

class RmsProp final : public Optimizer {
public:
    RmsProp(const RmsPropOptions& options, ParameterStore& store) : Optimizer(store), options_(options) {
        add_state("mean_square");
        if (options_.momentum > 0) add_state("momentum");
    }

    void step(int64_t, double lr, double gradient_scale) override {
        for (size_t index = 0; index < store_.groups().size(); ++index) {
            ParameterGroup& group = store_.groups()[index];
            if (!group.trainable || group.values.elements() == 0) continue;
            RmsPropStep arguments{};
            arguments.parameters = group.values.f32();
            arguments.gradients = group.gradients.f32();
            arguments.mean_square = states_[0].buffers[index].f32();
            arguments.momentum_buffer = states_.size() > 1 ? states_[1].buffers[index].f32() : nullptr;
            arguments.count = group.values.elements();
            arguments.learning_rate = lr * group.lr_scale;
            arguments.memory = options_.memory;
            arguments.epsilon = options_.epsilon;
            arguments.momentum = options_.momentum;
            arguments.weight_decay = group.decay ? options_.weight_decay : 0.0;
            arguments.gradient_scale = gradient_scale;
            optimizer_kernels(group.values).rmsprop(arguments);
        }
    }

private:
    RmsPropOptions options_;
};

class Sgd final : public Optimizer {
public:
    Sgd(const SgdOptions& options, ParameterStore& store) : Optimizer(store), options_(options) {
        if (options_.momentum > 0) add_state("momentum");
    }

    void step(int64_t, double lr, double gradient_scale) override {
        for (size_t index = 0; index < store_.groups().size(); ++index) {
            ParameterGroup& group = store_.groups()[index];
            if (!group.trainable || group.values.elements() == 0) continue;
            SgdStep arguments{};
            arguments.parameters = group.values.f32();
            arguments.gradients = group.gradients.f32();
            arguments.momentum_buffer = states_.empty() ? nullptr : states_[0].buffers[index].f32();
            arguments.count = group.values.elements();
            arguments.learning_rate = lr * group.lr_scale;
            arguments.momentum = options_.momentum;
            arguments.weight_decay = group.decay ? options_.weight_decay : 0.0;
            arguments.gradient_scale = gradient_scale;
            arguments.nesterov = options_.nesterov;
            optimizer_kernels(group.values).sgd(arguments);
        }
    }

private:
    SgdOptions options_;
};

}  // namespace

size_t Optimizer::add_state(std::string name) {
    OptimizerState state{std::move(name), {}};
    for (const ParameterGroup& group : store_.groups()) {
        state.buffers.push_back(group.trainable ? Tensor::zeros(store_.context(), group.values.shape()) : Tensor());
    }
    states_.push_back(std::move(state));
    return states_.size() - 1;
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, ParameterStore& store) {
    if (const auto* adam = dynamic_cast<const AdamWOptions*>(&options)) {
        const bool decoupled = dynamic_cast<const AdamOptions*>(&options) == nullptr;
        return std::make_unique<Adam>(*adam, decoupled, store);
    }
    if (const auto* rmsprop = dynamic_cast<const RmsPropOptions*>(&options)) {
        return std::make_unique<RmsProp>(*rmsprop, store);
    }
    if (const auto* sgd = dynamic_cast<const SgdOptions*>(&options)) return std::make_unique<Sgd>(*sgd, store);
    throw Error("no optimizer is known for these settings");
}

double gradient_norm(const ParameterStore& store) {
    double sum = 0.0;
    for (const ParameterGroup& group : store.groups()) {
        if (!group.trainable || group.gradients.elements() == 0) continue;
        sum += optimizer_kernels(group.gradients).sum_of_squares(group.gradients.f32(), group.gradients.elements());
    }
    return std::sqrt(sum);
}

}  // namespace heed
