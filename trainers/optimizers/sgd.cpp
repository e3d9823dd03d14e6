#include "heed/trainers/optimizers/sgd.h"

#include "heed/core/error.h"
#include "heed/core/kernels/optimizer_kernels.h"

namespace heed {

namespace {

class Sgd final : public Optimizer {
public:
    Sgd(const SgdOptions& options, ParameterStore& store) : Optimizer(store), options_(options) {
        if (options_.momentum > 0) add_state("momentum");
    }

    void step(int64_t, double lr, double gradient_scale) override {
        for (const Piece& piece : pieces()) {
            ParameterGroup& group = store_.groups()[piece.group];
            SgdStep arguments{};
            arguments.parameters = group.values.f32() + piece.begin;
            arguments.gradients = group.gradients.f32() + piece.begin;
            arguments.momentum_buffer = states_.empty() ? nullptr : state(0, piece);
            arguments.count = piece.count;
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

void SgdOptions::describe(Fields& fields) {
    OptimizerOptions::describe(fields);
    fields.add("momentum", momentum, "decay rate of the sum of the gradients; 0: none").range(0, greatest_decay_rate);
    fields.add("nesterov", nesterov, "look ahead along the momentum");
}

void SgdOptions::validate() const {
    OptimizerOptions::validate();
    if (nesterov && momentum == 0) throw UserError("optimizer.nesterov needs optimizer.momentum above 0");
}

std::unique_ptr<Optimizer> SgdOptions::make_optimizer(ParameterStore& store) const {
    return std::make_unique<Sgd>(*this, store);
}

}  // namespace heed
