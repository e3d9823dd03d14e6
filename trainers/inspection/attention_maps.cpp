#include "heed/trainers/inspection/attention_maps.h"

#include <algorithm>
#include <cmath>

namespace heed {

namespace {

/// From one value a token to one a patch.
std::vector<float> on_patches(const std::vector<double>& tokens, const PatchTransformerShape& shape) {
    return {tokens.begin() + shape.tokens_in_front(), tokens.end()};
}

}  // namespace

double attention_entropy(std::span<const float> weights, int64_t keys) {
    if (weights.empty()) return 0.0;
    double sum = 0.0;
    for (const float weight : weights) {
        if (weight > 0.0f) sum -= static_cast<double>(weight) * std::log(static_cast<double>(weight));
    }
    return sum * static_cast<double>(keys) / static_cast<double>(weights.size());
}

double attention_density(std::span<const float> weights) {
    if (weights.empty()) return 0.0;
    const auto zeros = std::count(weights.begin(), weights.end(), 0.0f);
    return 1.0 - static_cast<double>(zeros) / static_cast<double>(weights.size());
}

std::vector<float> patch_attention(std::span<const float> weights, const PatchTransformerShape& shape) {
    const auto tokens = static_cast<size_t>(shape.tokens());
    const size_t queries = shape.class_token ? 1 : tokens;
    std::vector<double> sums(tokens, 0.0);
    for (size_t query = 0; query < queries; ++query) {
        for (size_t key = 0; key < tokens; ++key) sums[key] += static_cast<double>(weights[query * tokens + key]);
    }
    for (double& sum : sums) sum /= static_cast<double>(queries);
    return on_patches(sums, shape);
}

void add_flow(std::span<const double> from, std::span<const float> weights, double share, std::span<double> to) {
    for (size_t query = 0; query < from.size(); ++query) {
        const std::span<const float> row = weights.subspan(query * to.size(), to.size());
        for (size_t key = 0; key < to.size(); ++key) to[key] += share * from[query] * static_cast<double>(row[key]);
    }
}

std::vector<float> attention_rollout(const std::vector<std::vector<float>>& layers,
                                     const PatchTransformerShape& shape) {
    const auto tokens = static_cast<size_t>(shape.tokens());
    // From the last layer to the first, so that a vector is multiplied instead of a matrix.
    std::vector<double> flow(tokens, shape.class_token ? 0.0 : 1.0 / static_cast<double>(tokens));
    if (shape.class_token) flow[0] = 1.0;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        std::vector<double> before(tokens);
        for (size_t key = 0; key < tokens; ++key) before[key] = 0.5 * flow[key];
        add_flow(flow, *layer, 0.5, before);
        flow = std::move(before);
    }
    return on_patches(flow, shape);
}

int64_t shrunk_side(int64_t tokens, int64_t side) {
    const int64_t square = std::max<int64_t>(1, (tokens + side - 1) / side);
    return (tokens + square - 1) / square;
}

std::vector<float> shrunk_matrix(std::span<const float> values, int64_t tokens, int64_t side) {
    return shrunk_matrix(values, tokens, tokens, side);
}

std::vector<float> shrunk_matrix(std::span<const float> values, int64_t rows, int64_t columns, int64_t side) {
    const int64_t row_step = std::max<int64_t>(1, (rows + side - 1) / side);
    const int64_t column_step = std::max<int64_t>(1, (columns + side - 1) / side);
    const int64_t width = shrunk_side(columns, side);
    std::vector<float> result(static_cast<size_t>(shrunk_side(rows, side) * width), 0.0f);
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column = 0; column < columns; ++column) {
            float& cell = result[static_cast<size_t>(row / row_step * width + column / column_step)];
            cell = std::max(cell, values[static_cast<size_t>(row * columns + column)]);
        }
    }
    return result;
}

}  // namespace heed
