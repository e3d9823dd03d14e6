#include <algorithm>
#include <cmath>
#include <vector>

#include "heed/attention/heads/reference_heads.h"
#include "heed/attention/heads/sdpa_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace sdpa_device {

namespace {

using namespace reference;

/// A query may use the keys first_key_of(shape, query) .. visible_keys - 1.
int64_t visible_keys(const SdpaShape& shape, int64_t sample, int64_t query) {
    int64_t visible = real_length(shape.key_lengths, sample, shape.keys);
    if (hides_future(shape)) visible = std::clamp<int64_t>(last_key_of(shape, query) + 1, 0, visible);
    return visible;
}

/// Calls body(sample, head, query) for all queries.
template <class Body>
void for_each_query(const SdpaShape& shape, const Body& body) {
    for (int64_t sample = 0; sample < shape.batch; ++sample) {
        for (int64_t head = 0; head < shape.heads; ++head) {
            for (int64_t query = 0; query < shape.queries; ++query) body(sample, head, query);
        }
    }
}

void forward(const SdpaForward& args) {
    const SdpaShape& shape = args.shape;
    std::vector<double> weights(static_cast<size_t>(shape.keys));
    for_each_query(shape, [&](int64_t b, int64_t h, int64_t i) {
        const int64_t first = first_key_of(shape, i), visible = visible_keys(shape, b, i);
        double max_score = -infinity;
        for (int64_t j = first; j < visible; ++j) {
            weights[j] = shape.scale * dot(row(args.query, b, h, i), row(args.key, b, h, j), shape.head_dim);
            if (weights[j] > max_score) max_score = weights[j];
        }
        const double shift = max_score == -infinity ? 0 : max_score;
        double sum = 0;
        for (int64_t j = first; j < visible; ++j) {
            weights[j] = std::exp(weights[j] - shift);
            sum += weights[j];
        }
        const double normaliser = sum == 0 ? 0 : 1 / sum;
        float* log_sum_exp = reference_address(args.log_sum_exp) + (b * shape.heads + h) * shape.queries + i;
        *log_sum_exp = static_cast<float>(sum == 0 ? -infinity : shift + std::log(sum));
        for (int64_t c = 0; c < shape.head_dim; ++c) {
            double result = 0;
            for (int64_t j = first; j < visible; ++j) {
                result += dropout_factor(shape, b, h, i, j) * weights[j] * normaliser * row(args.value, b, h, j)[c];
            }
            row(args.output, b, h, i)[c] = static_cast<float>(result);
        }
    });
}

/// The softmax weight of a query and a visible key.
template <class Args>
double weight(const Args& args, int64_t b, int64_t h, int64_t i, int64_t j) {
    const SdpaShape& shape = args.shape;
    const double log_sum_exp = reference_address(args.log_sum_exp)[(b * shape.heads + h) * shape.queries + i];
    if (log_sum_exp == -infinity) return 0;
    const double score = shape.scale * dot(row(args.query, b, h, i), row(args.key, b, h, j), shape.head_dim);
    return std::exp(score - log_sum_exp);
}

void backward(const SdpaBackward& args) {
    const SdpaShape& shape = args.shape;
    const int64_t head_dim = shape.head_dim;
    set_to_zero(args.d_query, shape, shape.queries);
    set_to_zero(args.d_key, shape, shape.keys);
    set_to_zero(args.d_value, shape, shape.keys);
    for_each_query(shape, [&](int64_t b, int64_t h, int64_t i) {
        const float* d_output = row(args.d_output, b, h, i);
        const double row_dot = dot(row(args.output, b, h, i), d_output, head_dim);
        for (int64_t j = first_key_of(shape, i); j < visible_keys(shape, b, i); ++j) {
            const double w = weight(args, b, h, i, j);
            const double factor = dropout_factor(shape, b, h, i, j);
            const double d_weight = factor == 0 ? 0 : factor * dot(d_output, row(args.value, b, h, j), head_dim);
            const double d_score = shape.scale * w * (d_weight - row_dot);
            for (int64_t c = 0; c < head_dim; ++c) {
                row(args.d_value, b, h, j)[c] += static_cast<float>(factor * w * d_output[c]);
                row(args.d_key, b, h, j)[c] += static_cast<float>(d_score * row(args.query, b, h, i)[c]);
                row(args.d_query, b, h, i)[c] += static_cast<float>(d_score * row(args.key, b, h, j)[c]);
            }
        }
    });
}

void weights(const SdpaWeights& args) {
    const SdpaShape& shape = args.shape;
    for_each_query(shape, [&](int64_t b, int64_t h, int64_t i) {
        float* to = reference_address(args.weights) + ((b * shape.heads + h) * shape.queries + i) * shape.keys;
        const int64_t first = first_key_of(shape, i), visible = visible_keys(shape, b, i);
        for (int64_t j = 0; j < shape.keys; ++j) {
            to[j] = j >= first && j < visible ? static_cast<float>(weight(args, b, h, i, j)) : 0.0F;
        }
    });
}

int64_t workspace(const SdpaShape&) {
    return 0;
}

constexpr SdpaKernels kernels = {forward, backward, weights, workspace};

}  // namespace

}  // namespace sdpa_device

const SdpaKernels& sdpa_reference() {
    return sdpa_device::kernels;
}

}  // namespace heed
