#pragma once

#include <cmath>
#include <vector>

#include "heed/tests/support/doubles_of.h"
#include "heed/trainers/loop/task.h"
#include "heed/trainers/optimizers/optimizer.h"

namespace heed::test {

/// What a micro-batch adds to its step.
inline LossSums sums_of(const MicroBatch& batch) {
    if (!batch.totals.defined()) return {};
    const std::vector<double> totals = doubles_of(batch.totals);
    return {totals[0], static_cast<int64_t>(totals[1]), batch.count};
}

/// Euclidean norm of all gradients.
inline double gradient_norm(const ParameterStore& store) {
    const Tensor squares = Tensor::zeros(store.context(), {static_cast<int64_t>(store.groups().size())}, DType::f64);
    gradient_squares(store, squares);
    double sum = 0;
    for (const double square : doubles_of(squares)) sum += square;
    return std::sqrt(sum);
}

}  // namespace heed::test
