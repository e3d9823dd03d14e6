#include "heed/core/module/parameter_store.h"

#include "heed/core/error.h"

namespace heed {

namespace {

constexpr int64_t alignment = 64 / sizeof(float);

int64_t aligned(int64_t elements) {
    return (elements + alignment - 1) / alignment * alignment;
}

/// Whether the selection holds for the parameter; all parts of a packed one have to agree.
bool selects(const ParameterStore::Selection& selection, const Parameter& parameter) {
    if (!selection) return false;
    size_t count = 0;
    for (const ParameterPart& part : parameter.parts()) count += selection(part.name) ? 1 : 0;
    if (count != 0 && count != parameter.parts().size()) {
        throw UserError("'" + parameter.parts().front().name + "' and '" + parameter.parts().back().name +
                        "' are computed in one product: expected a name pattern that selects all of them or none");
    }
    return count != 0;
}

/// The factor of the parameter; all parts of a packed one have to agree.
double factor_of(const ParameterStore::Factor& factor, const Parameter& parameter) {
    if (!factor) return 1.0;
    const double first = factor(parameter.parts().front().name);
    for (const ParameterPart& part : parameter.parts()) {
        if (factor(part.name) == first) continue;
        throw UserError("'" + parameter.parts().front().name + "' and '" + part.name +
                        "' are computed in one product: expected the same factor of the learning rate for both");
    }
    return first;
}

}  // namespace

ParameterGroup& ParameterStore::group_of(bool decay, double lr_scale) {
    for (ParameterGroup& group : groups_) {
        if (group.trainable && group.decay == decay && group.lr_scale == lr_scale) return group;
    }
    ParameterGroup group;
    group.decay = decay;
    group.lr_scale = lr_scale;
    return groups_.emplace_back(std::move(group));
}

ParameterStore::ParameterStore(Context& context, Module& model, uint64_t seed, const Selection& frozen,
                               const Selection& no_decay, const Factor& lr_scale)
    : context_(context) {
    parameters_ = model.parameters();
    for (const Parameter* parameter : parameters_) {
        if (parameter->value_.defined()) throw Error("a model is laid out twice");
    }
    model.assign_names();
    groups_.resize(3);
    groups_[0].decay = true;
    groups_[2].trainable = false;
    for (Parameter* parameter : parameters_) {
        parameter->trainable_ = !selects(frozen, *parameter);
        const bool decay = parameter->decay() && !selects(no_decay, *parameter);
        ParameterGroup& group = parameter->trainable_ ? group_of(decay, factor_of(lr_scale, *parameter)) : groups_[2];
        group.parameters.push_back(parameter);
    }
    for (ParameterGroup& group : groups_) {
        int64_t size = 0;
        for (Parameter* parameter : group.parameters) {
            group.offsets.push_back(size);
            size += aligned(parameter->shape().elements());
        }
        group.values = Tensor::zeros(context, {size});
        if (group.trainable) group.gradients = Tensor::zeros(context, {size});
        for (size_t index = 0; index < group.parameters.size(); ++index) {
            Parameter* parameter = group.parameters[index];
            const int64_t offset = group.offsets[index];
            parameter->value_ = group.values.view(offset, parameter->shape());
            if (group.trainable) parameter->slot_.bind(group.gradients.view(offset, parameter->shape()));
            if (!context.device().computes()) continue;
            for (const ParameterPart& part : parameter->parts()) {
                RandomKey key = random_key(seed, RandomPurpose::initialisation, part.name);
                std::vector<float> first = parameter->initializer().draw(parameter->part_shape(part), key);
                parameter->part_value(part).copy_from_host(first.data());
            }
        }
    }
}

void ParameterStore::begin_step() {
    for (Parameter* parameter : parameters_) {
        if (parameter->trainable()) parameter->gradient_slot().clear();
    }
}

void ParameterStore::finish_gradients() {
    for (Parameter* parameter : parameters_) {
        if (!parameter->trainable() || parameter->gradient_slot().defined()) continue;
        auto [gradient, accumulate] = parameter->gradient_slot().target();
        gradient.fill_zero();
    }
}

}  // namespace heed
