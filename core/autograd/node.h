#pragma once

#include "heed/core/autograd/gradient_slot.h"

namespace heed {

/// One executed op on the tape. A subclass holds what its backward needs - each op's list of saved tensors - and the
/// slots of its inputs (null where no gradient is wanted).
class Node {
public:
    static constexpr int max_outputs = 2;

    explicit Node(const char* op) : op_(op) {}
    virtual ~Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Reads the gradients of the outputs and adds those of the inputs. Called at most once, and only when at least
    /// one output has a gradient.
    virtual void backward() = 0;

    const char* op() const { return op_; }
    GradientSlot& output(int index = 0) { return outputs_[index]; }
    bool has_output_gradient() const { return outputs_[0].defined() || outputs_[1].defined(); }

private:
    const char* op_;
    GradientSlot outputs_[max_outputs];
};

}  // namespace heed
