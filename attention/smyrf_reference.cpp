#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "heed/attention/reference_heads.h"
#include "heed/attention/smyrf_kernels.h"
#include "heed/core/cpu/isa.h"
#include "heed/core/reference/address.h"

HEED_CHOOSE_ISA(SmyrfKernels, smyrf);

namespace heed {

namespace smyrf_device {

namespace {

using namespace reference;

/// Writes the order of `tokens` tokens of which the first `hashes.size()` are sorted.
void write_order(const std::vector<float>& hashes, int64_t tokens, int32_t* order) {
    std::iota(order, order + tokens, 0);
    std::stable_sort(order, order + hashes.size(), [&](int32_t a, int32_t b) {
        if (std::isnan(hashes[a]) || std::isnan(hashes[b])) return !std::isnan(hashes[a]) && std::isnan(hashes[b]);
        return hashes[a] < hashes[b];
    });
}

void sort(const SmyrfSort& args) {
    const SdpaShape& shape = args.shape.heads;
    for (int64_t task = 0; task < shape.batch * shape.heads * args.shape.rounds; ++task) {
        const int64_t round = task % args.shape.rounds, h = task / args.shape.rounds % shape.heads;
        const int64_t b = task / args.shape.rounds / shape.heads;
        const int64_t queries = real_length(args.shape.query_lengths, b, shape.queries);
        const int64_t keys = real_length(shape.key_lengths, b, shape.keys);
        int32_t* query_order = reference_address(args.query_order) + task * shape.queries;
        int32_t* key_order = reference_address(args.key_order) + task * shape.keys;
        if (smyrf_chunks(queries, keys, args.shape.cluster) == 1) {
            write_order({}, shape.queries, query_order);
            write_order({}, shape.keys, key_order);
            continue;
        }
        const auto squared_lengths = [&](const ConstHeadView& view, int64_t count) {
            std::vector<double> result;
            for (int64_t i = 0; i < count; ++i) {
                result.push_back(dot(row(view, b, h, i), row(view, b, h, i), shape.head_dim));
            }
            return result;
        };
        const auto greatest = [](const std::vector<double>& values) {
            double result = 0;
            for (const double value : values) result = value > result ? value : result;
            return result;
        };
        const std::vector<double> query_squares = squared_lengths(args.query, queries);
        const std::vector<double> key_squares = squared_lengths(args.key, keys);
        const double longest = greatest(query_squares) + greatest(key_squares);
        const float* direction = reference_address(args.directions) + (round * shape.heads + h) * (shape.head_dim + 2);
        const auto hashes = [&](const ConstHeadView& view, const std::vector<double>& squares, float added) {
            std::vector<float> result;
            for (size_t i = 0; i < squares.size(); ++i) {
                const double product = dot(row(view, b, h, static_cast<int64_t>(i)), direction, shape.head_dim);
                result.push_back(static_cast<float>(product + added * std::sqrt(longest - squares[i])));
            }
            return result;
        };
        write_order(hashes(args.query, query_squares, direction[shape.head_dim + 1]), shape.queries, query_order);
        write_order(hashes(args.key, key_squares, direction[shape.head_dim]), shape.keys, key_order);
    }
}

/// A pair of a query and a key, and in how many rounds they share a chunk.
struct Pair {
    int64_t key;
    int64_t count;
};

/// For each query of a head, the keys that it meets, in their order.
template <class Args>
std::vector<std::vector<Pair>> pairs_of_head(const Args& args, int64_t b, int64_t h) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t queries = real_length(args.shape.query_lengths, b, shape.queries);
    const int64_t keys = real_length(shape.key_lengths, b, shape.keys);
    const int64_t chunks = smyrf_chunks(queries, keys, args.shape.cluster);
    std::vector<std::vector<int64_t>> met(static_cast<size_t>(shape.queries));
    for (int64_t round = 0; round < (chunks == 1 ? 1 : args.shape.rounds); ++round) {
        const int64_t orders = (b * shape.heads + h) * args.shape.rounds + round;
        const int32_t* query_order = reference_address(args.query_order) + orders * shape.queries;
        const int32_t* key_order = reference_address(args.key_order) + orders * shape.keys;
        for (int64_t chunk = 0; chunk < chunks; ++chunk) {
            for (int64_t i = smyrf_border(chunk, chunks, queries); i < smyrf_border(chunk + 1, chunks, queries); ++i) {
                std::vector<int64_t>& list = met[query_order[i]];
                list.insert(list.end(), key_order + smyrf_border(chunk, chunks, keys),
                            key_order + smyrf_border(chunk + 1, chunks, keys));
            }
        }
    }
    std::vector<std::vector<Pair>> pairs(met.size());
    for (size_t i = 0; i < met.size(); ++i) {
        std::sort(met[i].begin(), met[i].end());
        for (const int64_t key : met[i]) {
            if (pairs[i].empty() || pairs[i].back().key != key) pairs[i].push_back({key, 0});
            ++pairs[i].back().count;
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

constexpr SmyrfKernels kernels = {sort, forward, backward, weights, workspace, workspace};

}  // namespace

}  // namespace smyrf_device

const SmyrfKernels& smyrf_reference() {
    return smyrf_device::kernels;
}

}  // namespace heed
