#include "heed/trainers/optimizers/adam.h"

#include "heed/core/kernels/optimizer_kernels.h"

namespace heed {

namespace {

/// AdamW, or Adam, whose decay is part of the gradient.
class Adam final : public Optimizer {
public:
    Adam(const AdamWOptions& options, bool decoupled, ParameterStore& store)
        : Optimizer(store), options_(options), decoupled_(decoupled) {
        first_ = add_state("first_moment");
        second_ = add_state("second_moment", true);
    }

    void step(int64_t step, double lr, double gradient_scale) override {
        for (const Piece& piece : pieces()) {
            ParameterGroup& group = store_.groups()[piece.group];
            AdamWStep arguments{};
            arguments.parameters = group.values.f32() + piece.begin;
            arguments.gradients = group.gradients.f32() + piece.begin;
            arguments.first_moment = state(first_, piece);
            arguments.second_moment = state(second_, piece);
            arguments.count = piece.count;
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

}  // namespace

void AdamWOptions::describe(Fields& fields) {
    OptimizerOptions::describe(fields);
    fields.add("beta1", beta1, "decay rate of the mean of the gradients").range(0, greatest_decay_rate);
    fields.add("beta2", beta2, "decay rate of the mean of their squares").range(0, greatest_decay_rate);
    fields.add("epsilon", epsilon, "added to the root of the mean square, against division by zero").range(1e-30, 1);
}

std::unique_ptr<Optimizer> AdamWOptions::make_optimizer(ParameterStore& store) const {
    return std::make_unique<Adam>(*this, true, store);
}

std::unique_ptr<Optimizer> AdamOptions::make_optimizer(ParameterStore& store) const {
    return std::make_unique<Adam>(*this, false, store);
}

}  // namespace heed
