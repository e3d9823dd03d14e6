#include "heed/attention/smyrf/orders/smyrf_orders_reference.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "heed/attention/heads/reference_heads.h"
#include "heed/attention/smyrf/smyrf_layout.h"
#include "heed/core/reference/address.h"

namespace heed::smyrf_device {

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

}  // namespace

SmyrfShape readable(SmyrfShape shape) {
    shape.heads.key_lengths = reference_address(shape.heads.key_lengths);
    shape.query_lengths = reference_address(shape.query_lengths);
    return shape;
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

}  // namespace heed::smyrf_device
