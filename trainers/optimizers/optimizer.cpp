#include "heed/trainers/optimizers/optimizer.h"

#include <utility>

#include "heed/core/device/op_scope.h"
#include "heed/core/kernels/optimizer_kernels.h"

namespace heed {

namespace {
constexpr const char* gradient_norm_name = "gradient_norm";
}

Optimizer::Optimizer(ParameterStore& store) : store_(store) {
    for (size_t index = 0; index < store.groups().size(); ++index) {
        const ParameterGroup& group = store.groups()[index];
        if (group.trainable && group.values.elements() > 0) pieces_.push_back({index, 0, group.values.elements(), 0});
    }
}

void Optimizer::restrict_to(const std::vector<GroupRange>& owned) {
    restricted_ = true;
    pieces_.clear();
    std::vector<int64_t> lengths(store_.groups().size());
    for (const GroupRange& range : owned) {
        if (range.size() == 0) continue;
        pieces_.push_back({range.group, range.begin, range.size(), lengths[range.group]});
        lengths[range.group] += range.size();
    }
    for (OptimizerState& state : states_) {
        for (size_t group = 0; group < lengths.size(); ++group) {
            if (state.buffers[group].defined())
                state.buffers[group] = Tensor::zeros(store_.context(), {lengths[group]});
        }
    }
}

std::vector<OptimizerState> Optimizer::whole_states() const {
    std::vector<OptimizerState> whole;
    for (const OptimizerState& state : states_) {
        OptimizerState copy{state.name, state.of_squares, {}};
        for (const ParameterGroup& group : store_.groups()) {
            copy.buffers.push_back(group.trainable ? Tensor::zeros(store_.context(), group.values.shape()) : Tensor());
        }
        for (const Piece& piece : pieces_) {
            Tensor target = copy.buffers[piece.group].view(piece.begin, {piece.count});
            target.copy_from(state.buffers[piece.group].view(piece.in_state, {piece.count}));
        }
        whole.push_back(std::move(copy));
    }
    return whole;
}

void Optimizer::take_states(const std::vector<OptimizerState>& whole) {
    for (size_t index = 0; index < states_.size(); ++index) {
        for (const Piece& piece : pieces_) {
            Tensor target = states_[index].buffers[piece.group].view(piece.in_state, {piece.count});
            target.copy_from(whole[index].buffers[piece.group].view(piece.begin, {piece.count}));
        }
    }
}

size_t Optimizer::add_state(std::string name, bool of_squares) {
    OptimizerState state{std::move(name), of_squares, {}};
    for (const ParameterGroup& group : store_.groups()) {
        state.buffers.push_back(group.trainable ? Tensor::zeros(store_.context(), group.values.shape()) : Tensor());
    }
    states_.push_back(std::move(state));
    return states_.size() - 1;
}

void gradient_squares(const ParameterStore& store, const Tensor& squares) {
    const OpScope scope(store.context(), gradient_norm_name);
    double* sum = squares.data<double>();
    for (const ParameterGroup& group : store.groups()) {
        if (group.trainable && group.gradients.elements() > 0) {
            optimizer_kernels(group.gradients).sum_of_squares(group.gradients.f32(), group.gradients.elements(), sum);
        }
        ++sum;
    }
}

void gradient_squares(const ParameterStore& store, const std::vector<GroupRange>& ranges, const Tensor& squares) {
    const OpScope scope(store.context(), gradient_norm_name);
    double* sum = squares.data<double>();
    for (const GroupRange& range : ranges) {
        const Tensor& gradients = store.groups()[range.group].gradients;
        if (range.size() > 0) {
            optimizer_kernels(gradients).sum_of_squares(gradients.f32() + range.begin, range.size(), sum);
        }
        ++sum;
    }
}

}  // namespace heed
