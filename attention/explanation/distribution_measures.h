#pragma once

#include <cstdint>
#include <span>

namespace heed {

/// Measures of distributions p and q over the same keys. Logarithms are natural.

/// Total variation distance, sum |p - q| / 2, from 0 to 1.
double total_variation(std::span<const double> p, std::span<const double> q);

/// Jensen-Shannon divergence, KL(p || m) / 2 + KL(q || m) / 2 with m = (p + q) / 2, from 0 to ln 2.
double jensen_shannon(std::span<const double> p, std::span<const double> q);

/// Entropy, -sum p ln p, from 0 to the logarithm of the number of keys.
double entropy(std::span<const double> p);

/// How many keys have a weight above `bound`.
int64_t support_size(std::span<const double> p, double bound = 1e-12);

/// Kendall's tau-b of the orders of the keys, from -1 to 1; pairs with equal weights (to 1e-12) in p or in q are ties.
/// 1 where neither has an order, 0 where only one has.
double kendall_tau(std::span<const double> p, std::span<const double> q);

/// The share of the `count` keys with the greatest weights in p that are among those of q; among equals the first keys
/// count. With fewer keys all of them are compared: 1.
double top_overlap(std::span<const double> p, std::span<const double> q, int64_t count);

}  // namespace heed
