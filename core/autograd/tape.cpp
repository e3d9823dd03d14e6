#include "heed/core/autograd/tape.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"

namespace heed {

namespace {

/// Holds the gradient of a leaf; nothing flows further back.
class LeafNode final : public Node {
public:
    static constexpr const char* name = "leaf";
    LeafNode() : Node(name) {}
    void backward() override {}
};

Tensor ones(Context& context, const Shape& shape) {
    Tensor result = Tensor::empty(context, shape);
    float piece[256];
    std::fill(std::begin(piece), std::end(piece), 1.0f);
    for (int64_t begin = 0; begin < result.elements(); begin += std::ssize(piece)) {
        const int64_t count = std::min<int64_t>(std::ssize(piece), result.elements() - begin);
        result.view(begin, {count}).copy_from_host(piece);
    }
    return result;
}

}  // namespace

void Tape::refuse_record() {
    throw Error("an op was to be recorded after backward; the tape has to be cleared first");
}

void Tape::refuse_walk() {
    throw Error("backward was called twice on the same recording");
}

Variable Tape::leaf(Tensor value) {
    auto& node = record<LeafNode>();
    return output(node, std::move(value));
}

Variable Tape::output(Node& node, Tensor value, int index) {
    node.output(index).reset(context_, value.shape(), value.dtype());
    if (watching_ && first_non_finite_.empty()) {
        for (float element : value.to_vector()) {
            if (std::isfinite(element)) continue;
            first_non_finite_ =
                std::string("the output of ") + node.op() + " in " + scope_ + ", shape " + value.shape().to_string();
            break;
        }
    }
    return Variable(std::move(value), node.output(index), generation_);
}

void Tape::backward(const Variable& result, Tensor seed) {
    GradientSlot* slot = result.slot();
    if (!slot)
        throw Error("backward was called on a value of shape " + result.shape().to_string() +
                    " that does not depend on anything with a gradient");
    if (walked_) refuse_walk();
    slot->add(seed.defined() ? std::move(seed) : ones(context_, result.shape()));
    walk();
}

void Tape::walk() {
    if (walked_) refuse_walk();
    walked_ = true;
    for (size_t place = nodes_.size(); place-- > 0;) {
        Node* node = nodes_[place];
        if (node->op() != LeafNode::name) {
            if (node->has_output_gradient()) {
                const OpScope scope(context_, node->op(), true);
                node->backward();
            }
            node->~Node();
            nodes_[place] = nullptr;
        }
        tell_final(place);
    }
    tell_final(0);
}

void Tape::keep_first_use(GradientSlot& slot) {
    slot.noted_ = generation_;
    uses_.push_back({nodes_.size(), &slot});
}

/// Of those parameters that no node before `node` uses.
void Tape::tell_final(size_t node) {
    while (!uses_.empty() && uses_.back().node >= node) {
        GradientSlot& slot = *uses_.back().slot;
        uses_.pop_back();
        if (listener_) listener_->gradient_is_final(slot);
    }
}

void Tape::clear() {
    for (auto place = nodes_.rbegin(); place != nodes_.rend(); ++place) {
        if (*place) (*place)->~Node();
    }
    nodes_.clear();
    uses_.clear();
    arena_.reset();
    walked_ = false;
    ++generation_;
}

void Tape::watch(bool on) {
    watching_ = on;
    first_non_finite_.clear();
}

TapeScope::TapeScope(Context& context, const std::string& name) : tape_(context.tape()), before_(tape_.scope_) {
    tape_.scope_ = name.c_str();
}

InnerTape::InnerTape(Context& context) : context_(context) {
    context_.push_tape();
}

InnerTape::~InnerTape() {
    context_.pop_tape();
}

NoGradient::NoGradient(Context& context) : tape_(context.tape()), before_(tape_.enabled_) {
    tape_.enabled_ = false;
}

}  // namespace heed
