// ctest: cuda
// ctest: processors 2
#include "heed/core/kernels/token_pool_kernels.h"

#include <algorithm>

#include "heed/tests/support/kernel_paths.h"

namespace heed::test::token_pool_kernels_test {

namespace {

using Path = KernelPath<TokenPoolKernels>;
using std::vector;

template <class Body>
void for_paths(const Body& body) {
    for_each_path(token_pool_kernels, body);
}

struct Result {
    vector<float> out, dx;
    vector<int32_t> winners;
};

Result run(const Path& path, TokenPool kind, const vector<float>& x, const vector<int32_t>& lengths,
           const vector<float>& dout, int64_t batch, int64_t tokens, int64_t dim) {
    Result r;
    r.out.assign(dout.size(), 99);
    r.dx.assign(x.size(), 99);
    if (kind == TokenPool::max) r.winners.assign(dout.size(), 99);
    path.kernels.forward({path.at(x), path.at(lengths), path.at(r.out), path.at(r.winners), kind, batch, tokens, dim});
    path.kernels.backward(
        {path.at(dout), path.at(lengths), path.at(r.winners), path.at(r.dx), kind, batch, tokens, dim});
    return r;
}

TEST(TokenPoolKernels, MatchTheDefinition) {
    for (const TokenPool kind : {TokenPool::first, TokenPool::mean, TokenPool::max, TokenPool::second}) {
        for (const int64_t batch : {0, 1, 9}) {
            for (const int64_t tokens : {1, 4, 50}) {
                if (tokens <= single_token(kind)) continue;
                for (const int64_t dim : {1, 3, 7, 16, 33, 192}) {
                    for (const bool has_lengths : {false, true}) {
                        SCOPED_TRACE(std::to_string(batch) + " x " + std::to_string(tokens) + " x " +
                                     std::to_string(dim) + " kind " + std::to_string(static_cast<int>(kind)) +
                                     (has_lengths ? " lengths" : ""));
                        const vector<float> x = numbers(batch * tokens * dim, 1);
                        const vector<float> dout = numbers(batch * dim, 2);
                        vector<int32_t> lengths;
                        for (int64_t b = 0; has_lengths && b < batch; ++b) {
                            lengths.push_back(static_cast<int32_t>(b * 3 % (tokens + 1)));
                        }
                        vector<double> out(dout.size()), dx(x.size());
                        for (int64_t b = 0; b < batch; ++b) {
                            int64_t length = has_lengths ? lengths[static_cast<std::size_t>(b)] : tokens;
                            const int64_t begin = std::max<int64_t>(0, single_token(kind));
                            if (single_token(kind) >= 0) length = 1;
                            for (int64_t j = 0; j < dim; ++j) {
                                const auto to = static_cast<std::size_t>(b * dim + j);
                                const auto from = [&](int64_t token) {
                                    return static_cast<std::size_t>((b * tokens + token) * dim + j);
                                };
                                int64_t winner = 0;
                                for (int64_t token = begin; token < begin + length; ++token) {
                                    if (x[from(token)] > x[from(winner)]) winner = token;
                                    if (kind == TokenPool::max) continue;
                                    out[to] += x[from(token)] / static_cast<double>(length);
                                    dx[from(token)] = dout[to] / static_cast<double>(length);
                                }
                                if (kind == TokenPool::max && length > 0) {
                                    out[to] = x[from(winner)];
                                    dx[from(winner)] = dout[to];
                                }
                            }
                        }
                        for_paths([&](const Path& path) {
                            const Result r = run(path, kind, x, lengths, dout, batch, tokens, dim);
                            expect_close(r.out, out, 1e-6, 5e-7, "out");
                            expect_close(r.dx, dx, 1e-6, 0, "dx");
                        });
                    }
                }
            }
        }
    }
}

TEST(TokenPoolKernels, WhatLiesBehindTheLengthDoesNotMatter) {
    const vector<float> dout = numbers(2 * 19, 3);
    vector<float> x = numbers(2 * 6 * 19, 4);
    const vector<int32_t> lengths = {4, 0};
    for (const TokenPool kind : {TokenPool::mean, TokenPool::max}) {
        for_paths([&](const Path& path) {
            const Result before = run(path, kind, x, lengths, dout, 2, 6, 19);
            vector<float> changed = x;
            std::fill(changed.begin() + 4 * 19, changed.end(), not_a_number);
            const Result after = run(path, kind, changed, lengths, dout, 2, 6, 19);
            EXPECT_EQ(before.out, after.out);
            EXPECT_EQ(before.dx, after.dx);
            EXPECT_EQ(vector<float>(after.out.begin() + 19, after.out.end()), vector<float>(19, 0.0F));
        });
    }
}

TEST(TokenPoolKernels, TheFirstOfEqualMaximaWinsAndNanWinsOverAll) {
    vector<float> x(5 * 17, 1.0F);
    x[3 * 17 + 2] = not_a_number;
    x[4 * 17 + 2] = infinity;
    x[2 * 17 + 16] = not_a_number;
    x[1 * 17 + 5] = x[3 * 17 + 5] = 2;
    const vector<float> dout(17, 1.0F);
    for_paths([&](const Path& path) {
        const Result r = run(path, TokenPool::max, x, {}, dout, 1, 5, 17);
        EXPECT_EQ(r.winners[0], 0);
        EXPECT_EQ(r.winners[2], 3);
        EXPECT_EQ(r.winners[5], 1);
        EXPECT_EQ(r.winners[16], 2);
        EXPECT_TRUE(std::isnan(r.out[2]) && std::isnan(r.out[16]));
    });
}

TEST(TokenPoolKernels, SameBitsWithTwoThreads) {
    const vector<float> x = numbers(30 * 50 * 64, 5);
    const vector<float> dout = numbers(30 * 64, 6);
    for (const TokenPool kind : {TokenPool::mean, TokenPool::max}) {
        for_paths([&](const Path& path) {
            expect_same_with_two_threads([&] {
                Result r = run(path, kind, x, {}, dout, 30, 50, 64);
                r.out.insert(r.out.end(), r.dx.begin(), r.dx.end());
                return r.out;
            });
        });
    }
}

}  // namespace

}  // namespace heed::test::token_pool_kernels_test
