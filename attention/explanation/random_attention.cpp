#include "heed/attention/explanation/random_attention.h"

#include <Eigen/QR>
#include <algorithm>
#include <limits>

#include "heed/attention/explanation/query_spaces.h"
#include "heed/core/error.h"
#include "heed/core/random/random.h"

namespace heed {

namespace {

/// An orthonormal basis of the columns of U over some of its rows.
Eigen::MatrixXd basis_over(const ValueSpace& space, const std::vector<int64_t>& keys) {
    Eigen::MatrixXd rows(static_cast<int64_t>(keys.size()), space.rank);
    for (size_t k = 0; k < keys.size(); ++k) {
        for (int64_t column = 0; column < space.rank; ++column) {
            rows(static_cast<int64_t>(k), column) = space.basis[static_cast<size_t>(keys[k] * space.rank + column)];
        }
    }
    if (rows.rows() == space.keys) return rows;
    Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(rows);
    qr.setThreshold(1e-10);
    Eigen::MatrixXd basis = Eigen::MatrixXd::Identity(rows.rows(), qr.rank());
    basis.applyOnTheLeft(qr.householderQ());
    return basis;
}

/// One step of hit-and-run: weights stay at least 0 and keep their products with the basis.
void hit_and_run(const Eigen::MatrixXd& basis, RandomSequence& random, Eigen::VectorXd& weights) {
    Eigen::VectorXd direction(weights.size());
    for (double& value : direction) value = random.normal();
    // Twice, so that what is left along the basis is rounding.
    for (int pass = 0; pass < 2; ++pass) direction -= basis * (basis.transpose() * direction);
    double least = -std::numeric_limits<double>::infinity(), greatest = -least;
    for (int64_t j = 0; j < weights.size(); ++j) {
        if (direction[j] > 0) least = std::max(least, -weights[j] / direction[j]);
        if (direction[j] < 0) greatest = std::min(greatest, -weights[j] / direction[j]);
    }
    const double step = least + random.uniform() * (greatest - least);
    weights = (weights + step * direction).cwiseMax(0.0);
}

}  // namespace

std::vector<double> random_equivalent_attention(const AttentionHead& head, std::span<const double> least_norm,
                                                uint64_t seed, int steps, double precision) {
    check_attention_head(head);
    if (least_norm.size() != head.weights.size()) throw Error("least-norm attention of another size than the weights");
    std::vector<double> result(head.weights.size());
    const RandomKey key = random_key(seed, RandomPurpose::explanation, "equivalent attention");
    const auto make = [&](int64_t keys) { return distribution_space(head.values, keys, head.dim, precision); };
    for_each_query_space(head, make, [&](int64_t query, const ValueSpace& space) {
        const int64_t first = query * head.keys;
        std::vector<int64_t> used;
        std::vector<double> middle;
        for (int64_t j = 0; j < space.keys; ++j) {
            const auto place = static_cast<size_t>(first + j);
            result[place] = head.weights[place];
            const double weight = 0.5 * (head.weights[place] + least_norm[place]);
            if (!(weight > 0)) continue;
            used.push_back(j);
            middle.push_back(weight);
        }
        const Eigen::MatrixXd basis = basis_over(space, used);
        if (basis.cols() >= basis.rows()) return;  // no other distribution over these keys
        RandomSequence random(key, static_cast<uint32_t>(query));
        Eigen::VectorXd weights = Eigen::Map<const Eigen::VectorXd>(middle.data(), basis.rows());
        for (int step = 0; step < steps; ++step) hit_and_run(basis, random, weights);
        for (size_t k = 0; k < used.size(); ++k) {
            result[static_cast<size_t>(first + used[k])] = weights[static_cast<int64_t>(k)];
        }
    });
    return result;
}

}  // namespace heed
