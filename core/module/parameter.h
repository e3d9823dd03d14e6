#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/core/autograd/variable.h"
#include "heed/core/module/initializer.h"
#include "heed/core/tensor/shape.h"

namespace heed {

/// A named run of rows of a parameter. Most parameters are one part; the query, key and value projections of an
/// attention layer are parts of one packed parameter, so that they are one matrix product and keep their own names.
struct ParameterPart {
    std::string name;
    int64_t first_row = 0;
    int64_t rows = 0;
};

/// A tensor that training changes. It has shape, names and an initialiser from the start; its memory is a place in a
/// flat buffer that a ParameterStore gives it.
class Parameter {
public:
    /// `decay` tells whether weight decay applies (matrices yes; biases, norms, positions no).
    Parameter(const Shape& shape, Initializer initializer, bool decay)
        : shape_(shape), initializer_(initializer), decay_(decay) {}
    Parameter(const Parameter&) = delete;
    Parameter& operator=(const Parameter&) = delete;

    const Shape& shape() const { return shape_; }
    bool decay() const { return decay_; }
    const Initializer& initializer() const { return initializer_; }
    /// What counts as a parameter wherever a number of parameters is told: each value that a model may use. Of a
    /// lower-triangular matrix [n, n] these are n (n + 1) / 2, though all n^2 are stored.
    int64_t parameter_count() const {
        return initializer_.lower_triangular ? shape_[0] * (shape_[0] + 1) / 2 : shape_.elements();
    }
    /// The same of the rows of one part.
    int64_t parameter_count(const ParameterPart& part) const {
        return parts_.size() == 1 ? parameter_count() : part_shape(part).elements();
    }
    const std::vector<ParameterPart>& parts() const { return parts_; }
    Shape part_shape(const ParameterPart& part) const { return shape_.with_first(part.rows); }

    /// The values, for use in an op. Throws Error before a ParameterStore has laid the parameter out.
    Variable variable();
    const Tensor& value() const { return value_; }
    /// Values of one part.
    Tensor part_value(const ParameterPart& part) const;
    bool trainable() const { return trainable_; }
    GradientSlot& gradient_slot() { return slot_; }

private:
    friend class Module;
    friend class ParameterStore;

    Shape shape_;
    Initializer initializer_;
    bool decay_;
    std::vector<ParameterPart> parts_;
    Tensor value_;
    GradientSlot slot_;
    bool trainable_ = true;
};

}  // namespace heed
