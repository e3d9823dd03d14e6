#include "heed/attention/state_space/discretisation.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

struct Discretised {
    Tensor step, decay, frequency, readout;
    StateFrequencies frequencies = StateFrequencies::inverse;

    int64_t width() const { return step.shape()[0]; }
    int64_t modes() const { return decay.shape()[0]; }
    DiscretisationInputs inputs() const {
        return {.step = step.f32(),
                .decay = decay.f32(),
                .frequency = frequency.f32(),
                .readout = readout.f32(),
                .width = width(),
                .modes = modes(),
                .directions = readout.shape()[0],
                .frequencies = frequencies};
    }
};

struct DiscretisationNode final : Node {
    DiscretisationNode() : Node("discretisation") {}

    void backward() override {
        Context& context = of.step.context();
        const auto gradient = [&](int index, const Shape& shape) {
            return output(index).defined() ? output(index).take() : Tensor::zeros(context, shape);
        };
        const Tensor d_decays = gradient(0, {of.modes(), 2, of.width()}), d_weights = gradient(1, of.readout.shape());
        Tensor d_step = Tensor::empty(context, of.step.shape()), d_decay = Tensor::empty(context, of.decay.shape()),
               d_frequency = Tensor::empty(context, of.frequency.shape()),
               d_readout = Tensor::empty(context, of.readout.shape());
        discretisation_kernels(of.step).backward({.of = of.inputs(),
                                                  .d_decays = d_decays.f32(),
                                                  .d_weights = d_weights.f32(),
                                                  .d_step = d_step.f32(),
                                                  .d_decay = d_decay.f32(),
                                                  .d_frequency = d_frequency.f32(),
                                                  .d_readout = d_readout.f32()});
        if (step_slot) step_slot->add(std::move(d_step));
        if (decay_slot) decay_slot->add(std::move(d_decay));
        if (frequency_slot) frequency_slot->add(std::move(d_frequency));
        if (readout_slot) readout_slot->add(std::move(d_readout));
    }

    Discretised of;
    GradientSlot *step_slot = nullptr, *decay_slot = nullptr, *frequency_slot = nullptr, *readout_slot = nullptr;
};

}  // namespace

StateSpace discretisation(const Variable& step, const Variable& decay, const Variable& frequency,
                          const Variable& readout, StateFrequencies frequencies) {
    const OpScope scope(step.context(), "discretisation");
    check_rank("discretisation", "step", step.shape(), 1);
    check_rank("discretisation", "decay", decay.shape(), 2);
    check_rank("discretisation", "readout", readout.shape(), 4);
    const int64_t width = step.shape()[0], modes = decay.shape()[0];
    check_shape("discretisation", "decay", decay.shape(), {modes, width});
    check_shape("discretisation", "frequency", frequency.shape(), {modes, width});
    check_shape("discretisation", "readout", readout.shape(), {readout.shape()[0], modes, 2, width});
    const Discretised of = {step.value(), decay.value(), frequency.value(), readout.value(), frequencies};
    Tensor decays = Tensor::empty(step.context(), {modes, 2, width});
    Tensor weights = Tensor::empty(step.context(), readout.shape());
    discretisation_kernels(decays).forward({of.inputs(), decays.f32(), weights.f32()});
    Tape& tape = step.context().tape();
    if (!tape.records(step, decay, frequency, readout)) return {Variable(decays), Variable(weights)};
    auto& node = tape.record<DiscretisationNode>();
    node.of = of;
    node.step_slot = step.slot();
    node.decay_slot = decay.slot();
    node.frequency_slot = frequency.slot();
    node.readout_slot = readout.slot();
    return {tape.output(node, std::move(decays), 0), tape.output(node, std::move(weights), 1)};
}

}  // namespace heed
