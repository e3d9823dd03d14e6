#pragma once

#include <cstdint>
#include <vector>

#include "heed/core/random/random.h"
#include "heed/core/tensor/shape.h"

namespace heed {

/// How the first values of a parameter are drawn.
struct Initializer {
    enum class Kind { constant, normal, uniform, xavier_uniform, near_identity };

    Kind kind = Kind::constant;
    /// constant: the value; normal and near_identity: the standard deviation; uniform: the bound.
    float scale = 0.0f;
    /// near_identity: zeros above the diagonal; the other values are the same as without.
    bool lower_triangular = false;

    static Initializer constant(float value) { return {Kind::constant, value}; }
    static Initializer normal(float deviation) { return {Kind::normal, deviation}; }
    /// Uniform in [-bound, bound).
    static Initializer uniform(float bound) { return {Kind::uniform, bound}; }
    /// Uniform in +-sqrt(6 / (fan_in + fan_out)) for a weight [out, in] (Glorot and Bengio, 2010, equation 16).
    static Initializer xavier_uniform() { return {Kind::xavier_uniform, 0.0f}; }
    /// The identity plus normal numbers, for a square matrix.
    static Initializer near_identity(float deviation, bool lower_triangular) {
        return {Kind::near_identity, deviation, lower_triangular};
    }

    /// Values for a parameter of this shape, drawn from the numbers of `key`.
    std::vector<float> draw(const Shape& shape, RandomKey key) const;
};

}  // namespace heed
