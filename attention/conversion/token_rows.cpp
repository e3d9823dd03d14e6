#include "heed/attention/conversion/token_rows.h"

#include <numeric>

#include "heed/core/device/context.h"

namespace heed {

namespace {

std::vector<int64_t> counts_of(const Tensor& lengths, const Shape& tokens) {
    std::vector<int64_t> counts(static_cast<size_t>(tokens[0]), tokens[1]);
    if (!lengths.defined() || counts.empty()) return counts;
    std::vector<int32_t> stored(counts.size());
    lengths.copy_to_host(stored.data());
    counts.assign(stored.begin(), stored.end());
    return counts;
}

}  // namespace

const Tensor& source_tensor(const AttentionInput& input) {
    return input.source.defined() ? input.source.value() : input.query.value();
}

std::vector<int64_t> key_counts(const AttentionInput& input) {
    return counts_of(input.mask.key_lengths, source_tensor(input).shape());
}

std::vector<int64_t> query_counts(const AttentionInput& input) {
    return counts_of(input.source.defined() ? input.mask.query_lengths : input.mask.key_lengths, input.query.shape());
}

TokenRows real_rows(const Tensor& tokens, const std::vector<int64_t>& counts) {
    const int64_t width = tokens.shape()[-1], longest = tokens.shape()[1];
    const std::vector<float> values = tokens.to_vector();
    const Eigen::Map<const TokenRows> all(values.data(), tokens.elements() / width, width);
    TokenRows rows(std::accumulate(counts.begin(), counts.end(), int64_t{0}), width);
    int64_t row = 0;
    for (size_t sample = 0; sample < counts.size(); ++sample) {
        rows.middleRows(row, counts[sample]) = all.middleRows(static_cast<int64_t>(sample) * longest, counts[sample]);
        row += counts[sample];
    }
    return rows;
}

Tensor spread_rows(Context& context, const TokenRows& rows, const std::vector<int64_t>& counts, const Shape& shape) {
    std::vector<float> values(static_cast<size_t>(shape.elements()), 0.0f);
    Eigen::Map<TokenRows> all(values.data(), shape.elements() / shape[-1], shape[-1]);
    int64_t row = 0;
    for (size_t sample = 0; sample < counts.size(); ++sample) {
        all.middleRows(static_cast<int64_t>(sample) * shape[1], counts[sample]) = rows.middleRows(row, counts[sample]);
        row += counts[sample];
    }
    return Tensor::from_host(context, shape, values);
}

TokenRows layer_rows(Attention& layer, const AttentionInput& input) {
    const NoGradient guard(input.query.context());
    return real_rows(layer.forward(input, {}).value(), query_counts(input));
}

}  // namespace heed
