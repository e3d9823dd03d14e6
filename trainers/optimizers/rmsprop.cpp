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
