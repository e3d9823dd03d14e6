#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "heed/attention/heads/reference_heads.h"
#include "heed/attention/smyrf/orders/smyrf_orders_reference.h"
#include "heed/attention/smyrf/smyrf_layout.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace smyrf_device {

namespace {

using namespace reference;

/// A pair of a query and a key, and how often it counts.
struct Pair {
    int64_t key;
    int64_t count;
};

/// For each query of a head, the keys that it meets, in their order.
template <class Args>
std::vector<std::vector<Pair>> pairs_of_head(const Args& args, int64_t b, int64_t h) {
    const SmyrfShape shape = readable(args.shape);
    const SmyrfLists lists = {reference_address(args.query_order), reference_address(args.key_order),
                              reference_address(args.ends)};
    std::vector<std::vector<Pair>> met(static_cast<size_t>(shape.heads.queries));
    for (int64_t pass = 0; pass < smyrf_passes(shape); ++pass) {
        for (int64_t index = 0; index < smyrf_pass_chunks(shape, pass); ++index) {
            SmyrfChunk chunk;
            if (!smyrf_find_chunk(shape, lists, b, h, pass, index, &chunk)) continue;
            for (int64_t i = 0; i < chunk.queries; ++i) {
                const int64_t query = chunk.query_index ? chunk.query_index[i] : chunk.first_query + i;
                const int64_t keys = chunk.diagonal < 0 ? chunk.keys : chunk.diagonal + i + 1;
                for (int64_t j = 0; j < keys; ++j) {
                    met[query].push_back(
                        {chunk.key_index ? chunk.key_index[j] : chunk.first_key + j, chunk.multiplicity});
                }
            }
        }
    }
    std::vector<std::vector<Pair>> pairs(met.size());
    for (size_t i = 0; i < met.size(); ++i) {
        std::sort(met[i].begin(), met[i].end(), [](const Pair& x, const Pair& y) { return x.key < y.key; });
        for (const Pair& pair : met[i]) {
            if (pairs[i].empty() || pairs[i].back().key != pair.key) pairs[i].push_back({pair.key, 0});
            pairs[i].back().count += pair.count;
        }
    }
    return pairs;
}

/// Calls body(sample, head, query, pairs of the query) for all queries.
template <class Args, class Body>
void for_each_query(const Args& args, const Body& body) {
    const SdpaShape& shape = args.shape.heads;
    for (int64_t b = 0; b < shape.batch; ++b) {
        for (int64_t h = 0; h < shape.heads; ++h) {
            const std::vector<std::vector<Pair>> pairs = pairs_of_head(args, b, h);
            for (int64_t i = 0; i < shape.queries; ++i) body(b, h, i, pairs[i]);
        }
    }
}

template <class Args>
double score(const Args& args, int64_t b, int64_t h, int64_t i, int64_t j) {
    const SdpaShape& shape = args.shape.heads;
    return shape.scale * dot(row(args.query, b, h, i), row(args.key, b, h, j), shape.head_dim);
}

void forward(const SmyrfForward& args) {
    const SdpaShape& shape = args.shape.heads;
    for_each_query(args, [&](int64_t b, int64_t h, int64_t i, const std::vector<Pair>& pairs) {
        double max_score = -infinity;
        for (const Pair& pair : pairs) {
            const double s = score(args, b, h, i, pair.key);
            if (s > max_score) max_score = s;
        }
        const double shift = max_score == -infinity ? 0 : max_score;
        std::vector<double> weights;
        double sum = 0;
        for (const Pair& pair : pairs) {
            weights.push_back(static_cast<double>(pair.count) * std::exp(score(args, b, h, i, pair.key) - shift));
            sum += weights.back();
        }
        const double normaliser = sum == 0 ? 0 : 1 / sum;
        reference_address(args.log_sum_exp)[(b * shape.heads + h) * shape.queries + i] =
            static_cast<float>(sum == 0 ? -infinity : shift + std::log(sum));
        for (int64_t c = 0; c < shape.head_dim; ++c) {
            double result = 0;
            for (size_t p = 0; p < pairs.size(); ++p) {
                result += dropout_factor(shape, b, h, i, pairs[p].key) * weights[p] * normaliser *
                          row(args.value, b, h, pairs[p].key)[c];
            }
            row(args.output, b, h, i)[c] = static_cast<float>(result);
        }
    });
}

/// The softmax weight of a pair.
template <class Args>
double weight(const Args& args, int64_t b, int64_t h, int64_t i, const Pair& pair) {
    const SdpaShape& shape = args.shape.heads;
    const double log_sum_exp = reference_address(args.log_sum_exp)[(b * shape.heads + h) * shape.queries + i];
    if (log_sum_exp == -infinity) return 0;
    return static_cast<double>(pair.count) * std::exp(score(args, b, h, i, pair.key) - log_sum_exp);
}

void backward(const SmyrfBackward& args) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t head_dim = shape.head_dim;
    set_to_zero(args.d_query, shape, shape.queries);
    set_to_zero(args.d_key, shape, shape.keys);
    set_to_zero(args.d_value, shape, shape.keys);
    for_each_query(args, [&](int64_t b, int64_t h, int64_t i, const std::vector<Pair>& pairs) {
        const float* d_output = row(args.d_output, b, h, i);
        const double row_dot = dot(row(args.output, b, h, i), d_output, head_dim);
        for (const Pair& pair : pairs) {
            const int64_t j = pair.key;
            const double w = weight(args, b, h, i, pair);
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

void weights(const SmyrfWeights& args) {
    const SdpaShape& shape = args.shape.heads;
    for_each_query(args, [&](int64_t b, int64_t h, int64_t i, const std::vector<Pair>& pairs) {
        float* to = reference_address(args.weights) + ((b * shape.heads + h) * shape.queries + i) * shape.keys;
        std::fill_n(to, shape.keys, 0.0F);
        for (const Pair& pair : pairs) to[pair.key] = static_cast<float>(weight(args, b, h, i, pair));
    });
}

int64_t workspace(const SmyrfShape&) {
    return 0;
}

constexpr SmyrfKernels kernels = {sort, group, forward, backward, weights, workspace, workspace, workspace};

}  // namespace

}  // namespace smyrf_device

const SmyrfKernels& smyrf_reference() {
    return smyrf_device::kernels;
}

}  // namespace heed
