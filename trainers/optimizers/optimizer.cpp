#include "heed/trainers/optimizers/optimizer.h"

#include <utility>

#include "heed/core/kernels/optimizer_kernels.h"

namespace heed {

size_t Optimizer::add_state(std::string name, bool of_squares) {
    OptimizerState state{std::move(name), of_squares, {}};
    for (const ParameterGroup& group : store_.groups()) {
        state.buffers.push_back(group.trainable ? Tensor::zeros(store_.context(), group.values.shape()) : Tensor());
    }
    states_.push_back(std::move(state));
    return states_.size() - 1;
}

void gradient_squares(const ParameterStore& store, const Tensor& squares) {
    double* sum = squares.data<double>();
    for (const ParameterGroup& group : store.groups()) {
        if (group.trainable && group.gradients.elements() > 0) {
            optimizer_kernels(group.gradients).sum_of_squares(group.gradients.f32(), group.gradients.elements(), sum);
        }
        ++sum;
    }
}

}  // namespace heed
