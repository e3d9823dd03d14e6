#pragma once

#include "heed/tests/definitions/values.h"

namespace heed::definitions {

/// Cross-entropy between softmax(logits) [rows, classes] and the target distribution that has 1 - smoothing more at the
/// row's target than smoothing / classes everywhere, summed over the rows with a target other than -1. Each class's
/// part of the target distribution is multiplied by its weight (empty: 1).
double cross_entropy(const Values& logits, const Integers& targets, int64_t classes, double smoothing,
                     const Values& weights = {});

/// -y log p - (1 - y) log(1 - p) with p = 1 / (1 + e^-x), summed over all logits x and their targets y, each times its
/// weight (empty: 1).
double binary_cross_entropy(const Values& logits, const Values& targets, const Values& weights = {});

/// T^2 times the Kullback-Leibler divergence sum p log(p / q) of q = softmax(logits / T) from p = softmax(teacher / T),
/// summed over the rows with a target other than -1 (no targets: all).
double distillation(const Values& logits, const Values& teacher, const Integers& targets, int64_t classes,
                    double temperature);

}  // namespace heed::definitions
