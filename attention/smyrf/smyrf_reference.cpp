#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "heed/attention/heads/reference_heads.h"
#include "heed/attention/smyrf/smyrf_layout.h"
#include "heed/core/reference/address.h"

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

/// Components that are not finite contribute nothing.
std::vector<double> mean_key(const SmyrfSort& args, int64_t b, int64_t h, int64_t keys) {
    std::vector<double> mean(static_cast<size_t>(args.shape.heads.head_dim), 0.0);
    for (int64_t i = 0; i < keys; ++i) {
        for (size_t c = 0; c < mean.size(); ++c) {
            const float x = row(args.key, b, h, i)[c];
            if (std::isfinite(x)) mean[c] += x / static_cast<double>(keys);
        }
    }
    return mean;
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
        const std::vector<double> origin(static_cast<size_t>(shape.head_dim), 0.0);
        const std::vector<double> centre = mean_key(args, b, h, keys);
        const auto squared_lengths = [&](const ConstHeadView& view, int64_t count, const std::vector<double>& from) {
            std::vector<double> result;
            for (int64_t i = 0; i < count; ++i) {
                double sum = 0;
                for (int64_t c = 0; c < shape.head_dim; ++c) sum += std::pow(row(view, b, h, i)[c] - from[c], 2);
                result.push_back(sum);
            }
            return result;
        };
        const auto greatest = [](const std::vector<double>& values) {
            double result = 0;
            for (const double value : values) result = value > result ? value : result;
            return result;
        };
        const std::vector<double> query_squares = squared_lengths(args.query, queries, origin);
        const std::vector<double> key_squares = squared_lengths(args.key, keys, centre);
        const double longest = greatest(query_squares) + greatest(key_squares);
        const float* direction = reference_address(args.directions) + (round * shape.heads + h) * (shape.head_dim + 2);
        const auto hashes = [&](const ConstHeadView& view, const std::vector<double>& squares,
                                const std::vector<double>& from, float added) {
            std::vector<float> result;
            for (size_t i = 0; i < squares.size(); ++i) {
                const float* token = row(view, b, h, static_cast<int64_t>(i));
                double product = 0;
                for (int64_t c = 0; c < shape.head_dim; ++c) product += direction[c] * (token[c] - from[c]);
                result.push_back(static_cast<float>(product + added * std::sqrt(longest - squares[i])));
            }
            return result;
        };
        write_order(hashes(args.query, query_squares, origin, direction[shape.head_dim + 1]), shape.queries,
                    query_order);
        write_order(hashes(args.key, key_squares, centre, direction[shape.head_dim]), shape.keys, key_order);
    }
}

/// The shape with lengths that can be read.
SmyrfShape readable(SmyrfShape shape) {
    shape.heads.key_lengths = reference_address(shape.heads.key_lengths);
    shape.query_lengths = reference_address(shape.query_lengths);
    return shape;
}

/// What `group` knows of one list.
struct List {
    int64_t first_key;
    int64_t keys;
    int64_t chunks;
    SmyrfQueries queries;
    bool sorted;
    int32_t *key_order, *query_order, *ends;
    float* means;
};

void group_list(const SmyrfGroup& args, int64_t b, int64_t h, int64_t round, const List& list) {
    const int64_t head_dim = args.shape.heads.head_dim;
    const float* direction = reference_address(args.directions) + (round * args.shape.heads.heads + h) * head_dim;
    if (!list.sorted && list.queries.count > 0) {
        std::vector<float> hashes;
        for (int64_t i = 0; i < list.keys && list.chunks > 1; ++i) {
            hashes.push_back(static_cast<float>(dot(row(args.key, b, h, list.first_key + i), direction, head_dim)));
        }
        write_order(hashes, list.keys, list.key_order);
        for (int64_t i = 0; i < list.keys; ++i) list.key_order[i] += static_cast<int32_t>(list.first_key);
        for (int64_t chunk = 0; chunk < list.chunks && list.keys > 0; ++chunk) {
            const int64_t begin = smyrf_border(chunk, list.chunks, list.keys);
            const int64_t end = smyrf_border(chunk + 1, list.chunks, list.keys);
            for (int64_t c = 0; c < head_dim; ++c) {
                double sum = 0;
                for (int64_t i = begin; i < end; ++i) sum += row(args.key, b, h, list.key_order[i])[c];
                list.means[chunk * head_dim + c] = static_cast<float>(sum / static_cast<double>(end - begin));
            }
        }
    }
    std::vector<int64_t> chunk_of;
    for (int64_t i = 0; i < list.queries.count; ++i) {
        const float* query = row(args.query, b, h, list.queries.first + i);
        int64_t best = 0;
        double greatest = -infinity;
        for (int64_t chunk = 0; chunk < list.chunks && list.chunks > 1; ++chunk) {
            const double product = dot(query, list.means + chunk * head_dim, head_dim);
            if (!(product > greatest || (std::isnan(product) && !std::isnan(greatest)))) continue;
            greatest = product;
            best = chunk;
        }
        chunk_of.push_back(best);
    }
    int32_t written = 0;
    for (int64_t chunk = 0; chunk < list.chunks; ++chunk) {
        for (int64_t i = 0; i < list.queries.count; ++i) {
            if (chunk_of[i] == chunk) list.query_order[written++] = static_cast<int32_t>(list.queries.first + i);
        }
        list.ends[chunk] = written;
    }
}

void group(const SmyrfGroup& args) {
    const SmyrfShape shape = readable(args.shape);
    const int64_t head_dim = shape.heads.head_dim, table = smyrf_list_table(shape), levels = smyrf_levels(shape);
    for (int64_t task = 0; task < shape.heads.batch * shape.heads.heads * shape.rounds; ++task) {
        const int64_t round = task % shape.rounds, h = task / shape.rounds % shape.heads.heads;
        const int64_t b = task / shape.rounds / shape.heads.heads;
        int32_t* ends = reference_address(args.ends) + task * table;
        float* means = reference_address(args.means) + task * table * head_dim;
        if (shape.form == SmyrfForm::causal_cross) {
            const int64_t keys = smyrf_key_count(shape, b);
            group_list(args, b, h, round,
                       {.first_key = 0,
                        .keys = keys,
                        .chunks = smyrf_list_chunks(keys, shape.cluster),
                        .queries = {0, smyrf_query_count(shape, b)},
                        .sorted = args.grouped_before > 0,
                        .key_order = reference_address(args.key_order) + task * shape.heads.keys,
                        .query_order = reference_address(args.query_order) + task * shape.heads.queries,
                        .ends = ends,
                        .means = means});
        }
        for (int64_t l = 0; l < levels; ++l) {
            const SmyrfLevel level = smyrf_level(shape, l);
            int32_t* order = reference_address(args.key_order) + (task * levels + l) * shape.heads.keys;
            for (int64_t pair = level.first_pair; pair < level.pairs; ++pair) {
                const int64_t first_key = 2 * pair * level.size, first_token = first_key + level.size;
                const int64_t first_chunk = level.first_chunk + pair * level.chunks;
                group_list(args, b, h, round,
                           {.first_key = first_key,
                            .keys = level.size,
                            .chunks = level.chunks,
                            .queries = smyrf_queries_of_block(shape, b, first_token, level.size),
                            .sorted = first_token < args.grouped_before,
                            .key_order = order + first_key,
                            .query_order = order + first_token,
                            .ends = ends + first_chunk,
                            .means = means + first_chunk * head_dim});
            }
        }
    }
}

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
