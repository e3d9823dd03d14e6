#pragma once

#include <vector>

#include "heed/attention/smyrf/orders/smyrf_orders.h"

namespace heed {

/// Output i = sum over j of c_ij e^(s_ij) v_j / sum over j of c_ij e^(s_ij), [batch, queries, heads * head_dim], where
/// s are scaled scores and c_ij is the number of rounds in which query i meets key j: the rounds merged by their
/// log-sum-exp. A sample of one chunk has dense attention whatever the rounds. Dropout of a pair is that of dense
/// attention in all rounds. Padded queries and queries without a key give zeros. Saves q, k, v, the output, its
/// log-sum-exp and the orders, through which no gradient flows.
Variable clustered_dot_product(const SmyrfInputs& attention, const SmyrfOrders& orders);

/// The weights c_ij e^(s_ij) / sum, without dropout: [batch, heads, queries, keys]. No gradient.
Tensor clustered_dot_product_weights(const SmyrfInputs& attention, const SmyrfOrders& orders);

/// For each head, the mean over real queries of the share of the dense softmax that lies on the pairs that are
/// computed: 1 where none that matters is left out. Forms two [queries, keys] matrices a head: for reports.
std::vector<double> clustered_covered_mass(const SmyrfInputs& attention, const SmyrfOrders& orders);

}  // namespace heed
