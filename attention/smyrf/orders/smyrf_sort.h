#pragma once

// Hashing and sorting for SMYRF. Part of smyrf_cpu.isa.cpp alone, hence the unnamed namespace.

#include "heed/attention/smyrf/smyrf_layout.h"
#include "heed/attention/tiles/task_scratch.h"

namespace heed::HEED_ISA {

namespace {

/// A token to sort: its hash, as a number that sorts like it, over its index.
typedef uint64_t SortKey;

/// Digits of a radix sort: wide ones are worth clearing their counters only where there are many tokens.
constexpr int64_t most_digits = 4;
constexpr int64_t widest_digit = 11;

/// Scratch memory of one thread.
struct SortScratch {
    float* norm[2];  ///< squared lengths of queries and keys
    float* hash[2];
    SortKey* keys[2];
    uint32_t* counts;
    float* centre;  ///< [head_dim]
};

int64_t lay_out(const SmyrfShape& shape, float* base, SortScratch* scratch) {
    int64_t used = 0;
    const auto take = [&](int64_t floats) {
        float* p = base == nullptr ? nullptr : base + used;
        used += (floats + 15) / 16 * 16;
        return p;
    };
    const int64_t tokens[2] = {shape.heads.queries, shape.heads.keys};
    for (int role = 0; role < 2; ++role) {
        scratch->norm[role] = take(tokens[role]);
        scratch->hash[role] = take(tokens[role]);
        scratch->keys[role] = reinterpret_cast<SortKey*>(take(2 * max(tokens[0], tokens[1])));
    }
    scratch->counts = reinterpret_cast<uint32_t*>(take(most_digits << widest_digit));
    scratch->centre = take(shape.heads.head_dim);
    return used;
}

/// The mean of rows, to which components that are not finite contribute nothing. Short sums are added up, so that the
/// mean of many rows is as exact as that of few.
void mean_of_rows(Rows<const float> rows, int64_t count, int64_t head_dim, float* mean) {
    constexpr int64_t rows_of_sum = 64;
    const float share = 1.0F / static_cast<float>(max(1, count));
    for (int64_t c = 0; c < head_dim; ++c) mean[c] = 0.0F;
    for (int64_t first = 0; first < count; first += rows_of_sum) {
        const int64_t end = min(count, first + rows_of_sum);
        for (int64_t c = 0; c < head_dim; c += lanes) {
            const int64_t width = min(lanes, head_dim - c);
            vf sum = zero();
            for (int64_t i = first; i < end; ++i) {
                const vf x = width == lanes ? load(rows.at(i) + c) : load_partial(rows.at(i) + c, width);
                sum += select(x * 0.0F == zero(), x, zero());
            }
            store_partial(mean + c, load_partial(mean + c, width) + sum * share, width);
        }
    }
}

/// Squared distances of rows from a centre, and the products of these differences with a direction; returns the
/// greatest squared distance that is a number.
float measure_rows(Rows<const float> rows, int64_t count, int64_t head_dim, const float* centre, const float* direction,
                   float* norm, float* product) {
    float greatest = 0.0F;
    for (int64_t i = 0; i < count; ++i) {
        const float* row = rows.at(i);
        vf squares = zero(), products = zero();
        int64_t c = 0;
        for (; c + lanes <= head_dim; c += lanes) {
            const vf x = load(row + c) - load(centre + c);
            squares = fma(x, x, squares);
            products = fma(x, load(direction + c), products);
        }
        if (c < head_dim) {
            const vf x = load_partial(row + c, head_dim - c) - load_partial(centre + c, head_dim - c);
            squares = fma(x, x, squares);
            products = fma(x, load_partial(direction + c, head_dim - c), products);
        }
        norm[i] = hsum(squares);
        product[i] = hsum(products);
        if (norm[i] > greatest) greatest = norm[i];
    }
    return greatest;
}

/// A number that sorts as `hash` does, with NaN behind all numbers and both zeros alike.
HEED_SIMD uint32_t sortable(float hash) {
    if (hash != hash) return 0xFFFFFFFFU;
    const float value = hash == 0.0F ? 0.0F : hash;
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof(bits));
    return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}

/// Sorts by hash and index: a radix sort keeps equal hashes in the order of their indices. Returns one of the two
/// buffers; the keys come in the first.
const SortKey* sort_keys(SortKey* keys, SortKey* other, uint32_t* counts, int64_t count) {
    const int bits = count < 1024 ? 8 : widest_digit;
    const int digits = (32 + bits - 1) / bits;
    const uint32_t buckets = 1U << bits, mask = buckets - 1;
    for (int64_t i = 0; i < digits * static_cast<int64_t>(buckets); ++i) counts[i] = 0;
    for (int64_t i = 0; i < count; ++i) {
        const auto hash = static_cast<uint32_t>(keys[i] >> 32);
        for (int digit = 0; digit < digits; ++digit) ++counts[digit * buckets + (hash >> (digit * bits) & mask)];
    }
    for (int digit = 0; digit < digits; ++digit) {
        uint32_t* next = counts + digit * buckets;
        uint32_t before = 0;
        for (uint32_t bucket = 0; bucket < buckets; ++bucket) {
            const uint32_t here = next[bucket];
            next[bucket] = before;
            before += here;
        }
        const int shift = 32 + digit * bits;
        for (int64_t i = 0; i < count; ++i) other[next[keys[i] >> shift & mask]++] = keys[i];
        SortKey* sorted = other;
        other = keys;
        keys = sorted;
    }
    return keys;
}

/// Sorts the queries or keys of one head in one round.
void sort_round(const SmyrfSort& args, int64_t sample, int64_t head, int64_t round, const SortScratch& scratch) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t tokens[2] = {shape.queries, shape.keys};
    const int64_t real[2] = {smyrf_query_count(args.shape, sample), smyrf_key_count(args.shape, sample)};
    const int64_t task = (sample * shape.heads + head) * args.shape.rounds + round;
    int32_t* order[2] = {args.query_order + task * tokens[0], args.key_order + task * tokens[1]};
    const bool sorted = smyrf_chunks(real[0], real[1], args.shape.cluster) > 1;
    const float* direction = sorted ? args.directions + (round * shape.heads + head) * (shape.head_dim + 2) : nullptr;
    float longest = 0.0F;
    const Rows<const float> rows[2] = {head_rows(args.query, sample, head), head_rows(args.key, sample, head)};
    for (int role = 0; role < 2 && sorted; ++role) {
        // A vector that all keys have in common moves no softmax, and so must not move them in the order.
        mean_of_rows(rows[role], role == 0 ? 0 : real[role], shape.head_dim, scratch.centre);
        longest += measure_rows(rows[role], real[role], shape.head_dim, scratch.centre, direction, scratch.norm[role],
                                scratch.hash[role]);
    }
    for (int role = 0; role < 2; ++role) {
        for (int64_t i = sorted ? real[role] : 0; i < tokens[role]; ++i) order[role][i] = static_cast<int32_t>(i);
        if (!sorted) continue;
        // The added component that makes all queries, and all keys, equally long: the last one, and the one before.
        const float added = direction[shape.head_dim + 1 - role];
        for (int64_t i = 0; i < real[role]; ++i) {
            const float hash = scratch.hash[role][i] + added * __builtin_sqrtf(longest - scratch.norm[role][i]);
            scratch.keys[0][i] = static_cast<SortKey>(sortable(hash)) << 32 | static_cast<uint32_t>(i);
        }
        const SortKey* keys = sort_keys(scratch.keys[0], scratch.keys[1], scratch.counts, real[role]);
        for (int64_t i = 0; i < real[role]; ++i) order[role][i] = static_cast<int32_t>(keys[i] & 0xFFFFFFFFU);
    }
}

int64_t sort_workspace(const SmyrfShape& shape) {
    SortScratch scratch;
    return task_workspace(lay_out(shape, nullptr, &scratch));
}

void sort(const SmyrfSort& args) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t rounds = args.shape.rounds;
    SortScratch sizes_only;
    for_each_task_with_scratch(
        args.workspace, lay_out(args.shape, nullptr, &sizes_only), shape.batch * shape.heads * rounds,
        (shape.queries + shape.keys) * (2 * shape.head_dim + 30), [&](int64_t begin, int64_t end, float* floats) {
            SortScratch scratch;
            lay_out(args.shape, floats, &scratch);
            for (int64_t task = begin; task < end; ++task) {
                const int64_t head = task / rounds;
                sort_round(args, head / shape.heads, head % shape.heads, task % rounds, scratch);
            }
        });
}

}  // namespace

}  // namespace heed::HEED_ISA
