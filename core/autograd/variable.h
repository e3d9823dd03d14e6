#pragma once

#include <cstdint>

#include "heed/core/autograd/gradient_slot.h"
#include "heed/core/tensor/tensor.h"

namespace heed {

/// A tensor together with its place in the autograd graph. Without a slot it is a constant.
class Variable {
public:
    Variable() = default;
    /// A constant: no gradient flows into it.
    explicit Variable(Tensor value) : value_(std::move(value)) {}
    /// A value whose gradient goes into `slot`; `generation` is the tape's, or 0 for slots that outlive it.
    Variable(Tensor value, GradientSlot& slot, uint64_t generation)
        : value_(std::move(value)), slot_(&slot), generation_(generation) {}

    bool defined() const { return value_.defined(); }
    const Tensor& value() const { return value_; }
    const Shape& shape() const { return value_.shape(); }
    Context& context() const { return value_.context(); }
    bool requires_gradient() const { return slot_ != nullptr; }
    /// Where backward puts the gradient; null for a constant. Throws Error when the tape that made it has been cleared.
    /// After backward only the slots of leaves and parameters may be read.
    GradientSlot* slot() const;

private:
    Tensor value_;
    GradientSlot* slot_ = nullptr;
    uint64_t generation_ = 0;
};

}  // namespace heed
