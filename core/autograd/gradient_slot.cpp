#include "heed/core/autograd/gradient_slot.h"

#include <string>
#include <utility>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/kernels/accumulate.h"

namespace heed {

void GradientSlot::reset(Context& context, const Shape& shape, DType dtype) {
    context_ = &context;
    shape_ = shape;
    dtype_ = dtype;
    gradient_ = Tensor();
    bound_ = false;
    defined_ = false;
}

void GradientSlot::bind(Tensor buffer) {
    context_ = &buffer.context();
    shape_ = buffer.shape();
    dtype_ = buffer.dtype();
    gradient_ = std::move(buffer);
    bound_ = true;
    defined_ = false;
}

const Tensor& GradientSlot::gradient() const {
    if (!defined_) throw Error("no gradient has been written for a value of shape " + shape_.to_string());
    return gradient_;
}

void GradientSlot::add(Tensor gradient) {
    if (!(gradient.shape() == shape_) || gradient.dtype() != dtype_) {
        throw Error("expected a gradient of shape " + shape_.to_string() + " and dtype " + dtype_name(dtype_) +
                    ", got " + gradient.shape().to_string() + " and " + dtype_name(gradient.dtype()));
    }
    if (!defined_) {
        if (bound_) {
            gradient_.copy_from(gradient);
        } else {
            gradient_ = std::move(gradient);
        }
        defined_ = true;
        return;
    }
    if (bound_ || gradient_.unique()) {
        accumulate(gradient_, gradient);
    } else if (gradient.unique()) {
        accumulate(gradient, gradient_);
        gradient_ = std::move(gradient);
    } else {
        Tensor sum = Tensor::empty(*context_, shape_, dtype_);
        sum.copy_from(gradient_);
        accumulate(sum, gradient);
        gradient_ = std::move(sum);
    }
}

GradientSlot::Target GradientSlot::target() {
    bool accumulate = defined_;
    if (!bound_) {
        if (!defined_) {
            gradient_ = Tensor::empty(*context_, shape_, dtype_);
        } else if (!gradient_.unique()) {
            Tensor own = Tensor::empty(*context_, shape_, dtype_);
            own.copy_from(gradient_);
            gradient_ = std::move(own);
        }
    }
    defined_ = true;
    return {gradient_, accumulate};
}

Tensor GradientSlot::take() {
    if (bound_) throw Error("the gradient of a parameter cannot be moved out of its buffer");
    Tensor result = gradient();
    clear();
    return result;
}

void GradientSlot::clear() {
    if (!bound_) gradient_ = Tensor();
    defined_ = false;
}

TargetPair target_pair(GradientSlot* first, GradientSlot* second) {
    TargetPair pair;
    pair.accumulate = (first && first->defined()) || (second && second->defined());
    auto address = [&](GradientSlot* slot) -> float* {
        if (!slot) return nullptr;
        auto [gradient, accumulate] = slot->target();
        if (pair.accumulate && !accumulate) gradient.fill_zero();
        return gradient.f32();
    };
    pair.first = address(first);
    pair.second = address(second);
    return pair;
}

}  // namespace heed
