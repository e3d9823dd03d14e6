#include "heed/trainers/optimizers/rmsprop.h"

#include "heed/core/kernels/optimizer_kernels.h"

namespace heed {

namespace {

class RmsProp final : public Optimizer {
public:
    RmsProp(const RmsPropOptions& options, ParameterStore& store) : Optimizer(store), options_(options) {
        add_state("mean_square", true);
        if (options_.momentum > 0) add_state("momentum");
    }

    void step(int64_t, double lr, double gradient_scale) override {
        for (const Piece& piece : pieces()) {
            ParameterGroup& group = store_.groups()[piece.group];
            RmsPropStep arguments{};
            arguments.parameters = group.values.f32() + piece.begin;
            arguments.gradients = group.gradients.f32() + piece.begin;
            arguments.mean_square = state(0, piece);
            arguments.momentum_buffer = states_.size() > 1 ? state(1, piece) : nullptr;
            arguments.count = piece.count;
            arguments.learning_rate = lr * group.lr_scale;
            arguments.decay_rate = options_.memory;
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

}  // namespace

void RmsPropOptions::describe(Fields& fields) {
    OptimizerOptions::describe(fields);
    fields.add("memory", memory, "decay rate of the mean of the squared gradients (PyTorch's alpha)")
        .range(0, greatest_decay_rate);
    fields.add("epsilon", epsilon, "added to its root, against division by zero").range(1e-30, 1);
    fields.add("momentum", momentum, "decay rate of the sum of the scaled gradients; 0: none")
        .range(0, greatest_decay_rate);
}

std::unique_ptr<Optimizer> RmsPropOptions::make_optimizer(ParameterStore& store) const {
    return std::make_unique<RmsProp>(*this, store);
}

}  // namespace heed
