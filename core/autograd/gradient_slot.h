#pragma once

#include <cstdint>

#include "heed/core/tensor/tensor.h"

namespace heed {

class Tape;

/// Where the gradient of one value is gathered. A slot of a parameter is bound to its place in the flat gradient buffer
/// and is written there directly; any other slot takes the first gradient it is given and adds the following ones.
class GradientSlot {
public:
    /// A slot for values of this shape and type (f32 or bf16, as the gradient then is), with no gradient yet.
    void reset(Context& context, const Shape& shape, DType dtype = DType::f32);
    /// A slot whose gradient lives in `buffer` for good.
    void bind(Tensor buffer);

    const Shape& shape() const { return shape_; }
    bool defined() const { return defined_; }
    /// The gradient. Throws Error when nothing has been written.
    const Tensor& gradient() const;

    /// Adds a gradient. Throws Error when shape or dtype differ from the value's.
    void add(Tensor gradient);

    /// Memory to write a gradient into; `accumulate` tells whether to add to what stands there or to overwrite it.
    struct Target {
        Tensor tensor;
        bool accumulate;
    };
    Target target();

    /// Moves the gradient out of an unbound slot.
    Tensor take();
    /// Forgets the gradient; a bound buffer stays bound.
    void clear();

private:
    Context* context_ = nullptr;
    Shape shape_;
    DType dtype_ = DType::f32;
    Tensor gradient_;
    bool bound_ = false;
    bool defined_ = false;
    uint64_t noted_ = 0;  ///< by Tape::note_use: the generation in which it was
    friend class Tape;
};

/// Memory for two gradients of f32 (null slots give null) that one kernel writes with one flag; where only one of them
/// has been written before, the other starts as zeros.
struct TargetPair {
    float* first = nullptr;
    float* second = nullptr;
    bool accumulate = false;
};
TargetPair target_pair(GradientSlot* first, GradientSlot* second);

}  // namespace heed
