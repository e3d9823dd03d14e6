#include "heed/trainers/loop/weight_average.h"

#include <algorithm>

#include "heed/core/kernels/optimizer_kernels.h"

namespace heed {

WeightAverage::WeightAverage(ParameterStore& store, double decay_rate) : store_(store), decay_rate_(decay_rate) {
    for (const ParameterGroup& group : store_.groups()) {
        buffers_.push_back(group.trainable ? Tensor::zeros(store.context(), group.values.shape()) : group.values);
    }
}

void WeightAverage::start() {
    for (size_t index = 0; index < buffers_.size(); ++index) {
        if (store_.groups()[index].trainable) buffers_[index].copy_from(store_.groups()[index].values);
    }
}

void WeightAverage::update(int64_t step) {
    const auto t = static_cast<double>(step);
    const double decay_rate = std::min(decay_rate_, (1.0 + t) / (10.0 + t));
    for (size_t index = 0; index < buffers_.size(); ++index) {
        const ParameterGroup& group = store_.groups()[index];
        if (!group.trainable || group.values.elements() == 0) continue;
        optimizer_kernels(group.values)
            .average(buffers_[index].f32(), group.values.f32(), group.values.elements(), decay_rate);
    }
}

void WeightAverage::swap() {
    for (size_t index = 0; index < buffers_.size(); ++index) {
        ParameterGroup& group = store_.groups()[index];
        if (!group.trainable || group.values.elements() == 0) continue;
        Tensor kept = Tensor::empty(store_.context(), group.values.shape());
        kept.copy_from(group.values);
        group.values.copy_from(buffers_[index]);
        buffers_[index].copy_from(kept);
    }
}

}  // namespace heed
