#include "heed/tests/definitions/attention/smyrf.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace heed::definitions {

namespace {

double component_of(const Heads& x, int64_t tokens, int64_t head_dim, int64_t b, int64_t t, int64_t h, int64_t c) {
    return x.values[static_cast<std::size_t>((b * tokens + t) * x.width + x.first_column + h * head_dim + c)];
}

int64_t real_count(const Integers& lengths, int64_t b, int64_t tokens) {
    return lengths.empty() ? tokens : lengths[static_cast<std::size_t>(b)];
}

/// The real tokens of one head as rows of head_dim numbers.
std::vector<Values> tokens_of(const Heads& x, const Attention& a, int64_t tokens, int64_t count, int64_t b, int64_t h) {
    std::vector<Values> rows;
    for (int64_t t = 0; t < count; ++t) {
        Values row;
        for (int64_t c = 0; c < a.head_dim; ++c) row.push_back(component_of(x, tokens, a.head_dim, b, t, h, c));
        rows.push_back(row);
    }
    return rows;
}

/// The same less their mean.
std::vector<Values> centred(std::vector<Values> rows) {
    for (std::size_t c = 0; !rows.empty() && c < rows[0].size(); ++c) {
        double sum = 0;
        for (const Values& row : rows) sum += row[c];
        for (Values& row : rows) row[c] -= sum / static_cast<double>(rows.size());
    }
    return rows;
}

double squared(const Values& row) {
    double sum = 0;
    for (const double x : row) sum += x * x;
    return sum;
}

double longest_squared(const std::vector<Values>& rows) {
    double longest = 0;
    for (const Values& row : rows) longest = std::max(longest, squared(row));
    return longest;
}

/// Hashes of the tokens of one head and round along u, whose component `added` is that of the component that makes all
/// equally long; `longest` is M_Q^2 + M_K^2.
void hash_tokens(const std::vector<Values>& rows, const double* u, int64_t added, double longest, double* to) {
    for (const Values& row : rows) {
        double product = u[added] * std::sqrt(longest - squared(row));
        for (std::size_t c = 0; c < row.size(); ++c) product += u[c] * row[c];
        *to++ = product;
    }
}

}  // namespace

Integers smyrf_chunks(const Smyrf& s) {
    Integers chunks;
    for (int64_t b = 0; b < s.attention.batch; ++b) {
        const int64_t n = real_count(s.query_lengths, b, s.attention.queries);
        const int64_t m = real_count(s.attention.key_lengths, b, s.attention.keys);
        const auto wanted = static_cast<int64_t>(std::ceil(static_cast<double>(n) / static_cast<double>(s.cluster)));
        chunks.push_back(std::max<int64_t>(1, std::min({wanted, n, m})));
    }
    return chunks;
}

Hashes smyrf_hashes(const Heads& query, const Heads& key, const Smyrf& s, const Values& directions) {
    const Attention& a = s.attention;
    Hashes hashes{Values(static_cast<std::size_t>(a.batch * a.heads * s.rounds * a.queries), 0),
                  Values(static_cast<std::size_t>(a.batch * a.heads * s.rounds * a.keys), 0)};
    for (int64_t b = 0; b < a.batch; ++b) {
        const int64_t n = real_count(s.query_lengths, b, a.queries), m = real_count(a.key_lengths, b, a.keys);
        for (int64_t h = 0; h < a.heads; ++h) {
            const std::vector<Values> queries = tokens_of(query, a, a.queries, n, b, h);
            const std::vector<Values> keys = centred(tokens_of(key, a, a.keys, m, b, h));
            const double longest = longest_squared(queries) + longest_squared(keys);
            for (int64_t round = 0; round < s.rounds; ++round) {
                const double* u = directions.data() + (round * a.heads + h) * (a.head_dim + 2);
                const int64_t place = (b * a.heads + h) * s.rounds + round;
                hash_tokens(queries, u, a.head_dim + 1, longest, hashes.queries.data() + place * a.queries);
                hash_tokens(keys, u, a.head_dim, longest, hashes.keys.data() + place * a.keys);
            }
        }
    }
    return hashes;
}

Integers smyrf_counts(const Smyrf& s, const Orders& orders) {
    const Attention& a = s.attention;
    const Integers chunks = smyrf_chunks(s);
    Integers counts(static_cast<std::size_t>(a.batch * a.heads * a.queries * a.keys), 0);
    for (int64_t place = 0; place < a.batch * a.heads * s.rounds; ++place) {
        const int64_t head = place / s.rounds, b = head / a.heads;
        const int64_t n = real_count(s.query_lengths, b, a.queries), m = real_count(a.key_lengths, b, a.keys);
        const int64_t cuts = chunks[static_cast<std::size_t>(b)];
        for (int64_t i = 0; i < n; ++i) {
            for (int64_t j = 0; j < m; ++j) {
                // Rank i lies in chunk c where floor(c n / L) <= i < floor((c + 1) n / L).
                const auto chunk_of = [cuts](int64_t rank, int64_t length) {
                    int64_t chunk = 0;
                    while ((chunk + 1) * length / cuts <= rank) ++chunk;
                    return chunk;
                };
                if (chunk_of(i, n) != chunk_of(j, m)) continue;
                const int64_t query = orders.queries[static_cast<std::size_t>(place * a.queries + i)];
                const int64_t key = orders.keys[static_cast<std::size_t>(place * a.keys + j)];
                ++counts[static_cast<std::size_t>((head * a.queries + query) * a.keys + key)];
            }
        }
    }
    return counts;
}

namespace {

/// Adds one to the counts of the keys of the chunk that a query takes of keys first .. first + count - 1.
void count_best_chunk(const Heads& query, const Heads& key, const Smyrf& s, int64_t b, int64_t h, int64_t i,
                      int64_t first, int64_t count, const double* u, int64_t* counts) {
    const Attention& a = s.attention;
    const auto of_key = [&](int64_t j, int64_t c) { return component_of(key, a.keys, a.head_dim, b, j, h, c); };
    std::vector<std::pair<double, int64_t>> sorted;
    for (int64_t j = first; j < first + count; ++j) {
        double hash = 0;
        for (int64_t c = 0; c < a.head_dim; ++c) hash += u[c] * of_key(j, c);
        sorted.emplace_back(hash, j);
    }
    std::sort(sorted.begin(), sorted.end());
    if (count == 0) return;
    const int64_t chunks = (count + s.cluster - 1) / s.cluster;
    int64_t best = 0;
    double greatest = -INFINITY;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        const int64_t begin = chunk * count / chunks, end = (chunk + 1) * count / chunks;
        double product = 0;
        for (int64_t rank = begin; rank < end; ++rank) {
            for (int64_t c = 0; c < a.head_dim; ++c) {
                product += component_of(query, a.queries, a.head_dim, b, i, h, c) * of_key(sorted[rank].second, c) /
                           static_cast<double>(end - begin);
            }
        }
        if (product > greatest) {
            greatest = product;
            best = chunk;
        }
    }
    for (int64_t rank = best * count / chunks; rank < (best + 1) * count / chunks; ++rank) {
        ++counts[sorted[rank].second];
    }
}

}  // namespace

Integers smyrf_causal_counts(const Heads& query, const Heads& key, const Smyrf& s, const Values& directions) {
    const Attention& a = s.attention;
    Integers counts(static_cast<std::size_t>(a.batch * a.heads * a.queries * a.keys), 0);
    int64_t block = s.block;
    while (block <= s.cluster) block *= 2;
    for (int64_t b = 0; b < a.batch; ++b) {
        const int64_t m = real_count(a.key_lengths, b, a.keys);
        const int64_t n = a.causal ? m : real_count(s.query_lengths, b, a.queries);
        for (int64_t h = 0; h < a.heads; ++h) {
            for (int64_t i = 0; i < n; ++i) {
                int64_t* row = counts.data() + ((b * a.heads + h) * a.queries + i) * a.keys;
                for (int64_t round = 0; round < s.rounds; ++round) {
                    const double* u = directions.data() + (round * a.heads + h) * a.head_dim;
                    if (!a.causal) {
                        if (m <= s.cluster && round > 0) break;
                        count_best_chunk(query, key, s, b, h, i, 0, m, u, row);
                        continue;
                    }
                    int64_t covered = 0;
                    const int64_t own = i / block * block;
                    while (covered < own) {
                        int64_t size = block;
                        while (covered + 2 * size <= own) size *= 2;
                        count_best_chunk(query, key, s, b, h, i, covered, size, u, row);
                        covered += size;
                    }
                    for (int64_t j = own; j <= i; ++j) ++row[j];
                }
            }
        }
    }
    return counts;
}

Values smyrf_weights(const Heads& query, const Heads& key, const Smyrf& s, const Integers& counts) {
    const Attention& a = s.attention;
    Values weights(counts.size(), 0);
    for (int64_t row = 0; row < a.batch * a.heads * a.queries; ++row) {
        const int64_t i = row % a.queries, h = row / a.queries % a.heads, b = row / a.queries / a.heads;
        double* to = weights.data() + row * a.keys;
        double sum = 0;
        for (int64_t j = 0; j < a.keys; ++j) {
            const int64_t count = counts[static_cast<std::size_t>(row * a.keys + j)];
            if (count == 0) continue;
            double score = 0;
            for (int64_t c = 0; c < a.head_dim; ++c) {
                score += component_of(query, a.queries, a.head_dim, b, i, h, c) *
                         component_of(key, a.keys, a.head_dim, b, j, h, c);
            }
            to[j] = static_cast<double>(count) * std::exp(score / std::sqrt(static_cast<double>(a.head_dim)));
            sum += to[j];
        }
        for (int64_t j = 0; j < a.keys; ++j) to[j] = to[j] == 0 ? 0 : to[j] / sum;
    }
    return weights;
}

Values smyrf_attention(const Heads& query, const Heads& key, const Heads& value, const Smyrf& s,
                       const Integers& counts) {
    const Attention& a = s.attention;
    const Values weights = smyrf_weights(query, key, s, counts);
    const int64_t padded_queries = (a.queries + 63) / 64 * 64;
    Values out;
    for (int64_t b = 0; b < a.batch; ++b) {
        for (int64_t i = 0; i < a.queries; ++i) {
            for (int64_t column = 0; column < a.heads * a.head_dim; ++column) {
                const int64_t h = column / a.head_dim;
                double sum = 0;
                for (int64_t j = 0; j < a.keys; ++j) {
                    const auto pair = static_cast<std::size_t>(((b * a.heads + h) * a.queries + i) * a.keys + j);
                    if (counts[pair] == 0) continue;
                    double weight = weights[pair];
                    if (a.dropout > 0) {
                        const int64_t element = (h * a.keys + j) * padded_queries + i;
                        weight *= a.random.dropout_factor(b, element, a.dropout);
                    }
                    sum += weight * component_of(value, a.keys, a.head_dim, b, j, h, column % a.head_dim);
                }
                out.push_back(sum);
            }
        }
    }
    return out;
}

}  // namespace heed::definitions
