#include "heed/attention/conversion/key_fit.h"

#include <Eigen/Cholesky>

#include "heed/core/device/context.h"

namespace heed {

KeyCovariances plain_covariance(const LayerInputs& inputs) {
    const int64_t dim = source_tensor(inputs.front()).shape()[-1];
    Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(dim, dim);
    int64_t keys = 0;
    for (const AttentionInput& input : inputs) {
        const std::vector<int64_t> counts = key_counts(input);
        TokenRows rows = real_rows(source_tensor(input), counts);
        int64_t first = 0;
        for (const int64_t count : counts) {
            if (count == 0) continue;
            auto sequence = rows.middleRows(first, count);
            sequence.rowwise() -= sequence.colwise().mean().eval();
            first += count;
        }
        sum += (rows.transpose() * rows).cast<double>();
        keys += rows.rows();
    }
    if (keys > 0) sum /= static_cast<double>(keys);
    return {sum};
}

KeyCovariances attended_covariances(Attention& layer, const LayerInputs& inputs) {
    const int64_t dim = layer.geometry().dim, heads = layer.geometry().heads;
    KeyCovariances sums(static_cast<size_t>(heads), Eigen::MatrixXd::Zero(dim, dim));
    int64_t all_queries = 0;
    for (const AttentionInput& input : inputs) {
        const NoGradient guard(input.query.context());
        const Tensor weights = layer.weights(input);  // [batch, heads, queries, keys]
        const int64_t queries = weights.shape()[2], keys = weights.shape()[3];
        const std::vector<float> values = weights.to_vector();
        const std::vector<int64_t> query_count = query_counts(input), key_count = key_counts(input);
        const TokenRows tokens = real_rows(source_tensor(input), key_count);
        int64_t first = 0;
        for (size_t sample = 0; sample < key_count.size(); ++sample) {
            const TokenRows x = tokens.middleRows(first, key_count[sample]);
            first += key_count[sample];
            for (int64_t head = 0; head < heads; ++head) {
                const int64_t place = (static_cast<int64_t>(sample) * heads + head) * queries * keys;
                const Eigen::Map<const TokenRows> all(values.data() + place, queries, keys);
                const TokenRows s = all.topLeftCorner(query_count[sample], key_count[sample]);
                const TokenRows means = s * x;
                const Eigen::VectorXf looked_at = s.colwise().sum();
                const TokenRows scaled = looked_at.asDiagonal() * x;
                sums[static_cast<size_t>(head)] += (x.transpose() * scaled - means.transpose() * means).cast<double>();
            }
            all_queries += query_count[sample];
        }
    }
    for (Eigen::MatrixXd& sum : sums) sum /= static_cast<double>(std::max<int64_t>(1, all_queries));
    return sums;
}

SliceFit fit_slice(const Eigen::MatrixXd& projection, const Eigen::MatrixXd& covariance, int64_t slice) {
    constexpr double share = 1e-4;
    const int64_t size = projection.cols();
    const Eigen::MatrixXd gamma = covariance.block(slice * size, slice * size, size, size);
    Eigen::MatrixXd damped = gamma;
    // The smallest number keeps a slice that does not vary from a division by zero.
    damped.diagonal().array() += share * gamma.trace() / static_cast<double>(size) + 1e-30;
    const Eigen::MatrixXd with_slice = projection.transpose() * covariance.middleCols(slice * size, size);
    SliceFit fit;
    fit.map = damped.ldlt().solve(with_slice.transpose()).transpose();
    fit.explained = (fit.map * gamma * fit.map.transpose()).trace();
    fit.variance = (projection.transpose() * covariance * projection).trace();
    return fit;
}

}  // namespace heed
