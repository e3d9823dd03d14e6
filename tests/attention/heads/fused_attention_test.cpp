// ctest: cuda
// ctest: emulation
#include "heed/attention/heads/cudnn/fused_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>
#include <vector>

#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/core/error.h"
#include "heed/tests/cuda_emulation/runtime_api.h"
#include "heed/tests/support/bf16_values.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/message_of.h"

// The fused attention that the tests in the emulation are given in place of cuDNN's: on the host, in f32 on numbers in
// bf16.

namespace heed::test::fused_attention_test {
namespace {

/// Memory of the card, copied.
template <class T>
std::vector<T> read(const void* from, int64_t count) {
    std::vector<T> values(static_cast<size_t>(count));
    if (cudaMemcpyAsync(values.data(), from, values.size() * sizeof(T), cudaMemcpyDeviceToHost, nullptr) !=
        cudaSuccess) {
        throw std::runtime_error("the fused attention was given an address that is not of the card");
    }
    return values;
}
template <class T>
void write(const std::vector<T>& values, void* to) {
    if (cudaMemcpyAsync(to, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice, nullptr) != cudaSuccess) {
        throw std::runtime_error("the fused attention was given an address that is not of the card");
    }
}

/// `count` rows of that many numbers of bf16, `stride` elements apart (0: next to each other), without what is between.
std::vector<float> read_bf16(const void* from, int64_t count, int64_t row, int64_t stride) {
    std::vector<float> values;
    for (int64_t i = 0; i < count; ++i) {
        const Bf16* const of_row = static_cast<const Bf16*>(from) + i * (stride ? stride : row);
        for (const Bf16 x : read<Bf16>(of_row, row)) values.push_back(to_float(x));
    }
    return values;
}
void write_bf16(const std::vector<float>& values, void* to, int64_t row, int64_t stride) {
    for (int64_t i = 0; i < static_cast<int64_t>(values.size()) / row; ++i) {
        const std::vector<float> of_row(values.begin() + i * row, values.begin() + (i + 1) * row);
        write(as_bf16(of_row), static_cast<Bf16*>(to) + i * (stride ? stride : row));
    }
}

class HostAttention final : public cuda::FusedAttention {
public:
    explicit HostAttention(const cuda::FusedShape& shape) : s_(shape) {}

    size_t workspace_bytes() const override { return 1000; }

    void forward(const cuda::FusedTensors& t) const override { compute(t, false); }
    void backward(const cuda::FusedTensors& t) const override { compute(t, true); }

private:
    void compute(const cuda::FusedTensors& t, bool backward) const {
        EXPECT_EQ(reinterpret_cast<uintptr_t>(t.workspace) % 256, 0U);
        write(std::vector<char>(workspace_bytes(), 1), t.workspace);
        const int64_t row = s_.heads * s_.head_dim, of_queries = s_.batch * s_.queries * row,
                      of_keys = s_.batch * s_.keys * row, rows = s_.batch * s_.heads * s_.queries;
        const int64_t query_rows = s_.batch * s_.queries, key_rows = s_.batch * s_.keys;
        const std::vector<float> q = read_bf16(t.query, query_rows, row, s_.query_stride),
                                 k = read_bf16(t.key, key_rows, row, s_.key_stride),
                                 v = read_bf16(t.value, key_rows, row, s_.value_stride);
        std::vector<int32_t> query_lengths(s_.batch, s_.queries), key_lengths(s_.batch, s_.keys);
        if (s_.has_lengths) {
            query_lengths = read<int32_t>(t.query_lengths, s_.batch);
            key_lengths = read<int32_t>(t.key_lengths, s_.batch);
        }
        std::vector<float> o(of_queries, nan), lse(rows, nan), d_o, d_q(of_queries, nan), d_k(of_keys, nan), d_v = d_k;
        if (backward) {
            o = read_bf16(t.output, query_rows, row, 0);
            d_o = read_bf16(t.d_output, query_rows, row, 0);
            lse = read<float>(t.log_sum_exp, rows);
        }
        for (int64_t b = 0; b < s_.batch; ++b) {
            EXPECT_TRUE(query_lengths[b] >= 1 && query_lengths[b] <= s_.queries && key_lengths[b] >= 1 &&
                        key_lengths[b] <= s_.keys);
            for (int64_t h = 0; h < s_.heads; ++h) {
                const auto at = [&](int64_t token, int64_t tokens) {
                    return (b * tokens + token) * row + h * s_.head_dim;
                };
                for (int64_t j = 0; backward && j < key_lengths[b]; ++j) {
                    std::fill_n(d_k.begin() + at(j, s_.keys), s_.head_dim, 0.0F);
                    std::fill_n(d_v.begin() + at(j, s_.keys), s_.head_dim, 0.0F);
                }
                for (int64_t i = 0; i < query_lengths[b]; ++i) {
                    const int64_t end = s_.causal ? std::min<int64_t>(key_lengths[b], i + 1) : key_lengths[b];
                    const int64_t query = at(i, s_.queries);
                    float& sum_of_exp = lse[(b * s_.heads + h) * s_.queries + i];
                    std::vector<float> scores(end), d_weights(end);
                    float largest = -std::numeric_limits<float>::infinity(), sum = 0, mean = 0;
                    for (int64_t j = 0; j < end; ++j) {
                        scores[j] = s_.scale * dot(&q[query], &k[at(j, s_.keys)]);
                        largest = std::max(largest, scores[j]);
                    }
                    for (const float score : scores) sum += std::exp(score - largest);
                    if (!backward) sum_of_exp = largest + std::log(sum);
                    if (backward) mean = dot(&d_o[query], &o[query]);
                    std::vector<float>& result = backward ? d_q : o;
                    std::fill_n(result.begin() + query, s_.head_dim, 0.0F);
                    for (int64_t j = 0; j < end; ++j) {
                        const int64_t key = at(j, s_.keys);
                        const float weight = std::exp(scores[j] - sum_of_exp);
                        if (!backward) {
                            for (int64_t x = 0; x < s_.head_dim; ++x) o[query + x] += weight * v[key + x];
                            continue;
                        }
                        const float d_score = s_.scale * weight * (dot(&d_o[query], &v[key]) - mean);
                        for (int64_t x = 0; x < s_.head_dim; ++x) {
                            d_v[key + x] += weight * d_o[query + x];
                            d_q[query + x] += d_score * k[key + x];
                            d_k[key + x] += d_score * q[query + x];
                        }
                    }
                }
            }
        }
        if (!backward) {
            write_bf16(o, t.output, row, 0);
            return write(lse, t.log_sum_exp);
        }
        write_bf16(d_q, t.d_query, row, s_.query_stride);
        write_bf16(d_k, t.d_key, row, s_.key_stride);
        write_bf16(d_v, t.d_value, row, s_.value_stride);
    }

    float dot(const float* a, const float* b) const {
        float sum = 0;
        for (int64_t x = 0; x < s_.head_dim; ++x) sum += a[x] * b[x];
        return sum;
    }

    static constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    cuda::FusedShape s_;
};

std::vector<cuda::FusedShape>& asked_shapes() {
    static std::vector<cuda::FusedShape> shapes;
    return shapes;
}

/// The shape that attention of these sizes asks for; queries of 0: none.
cuda::FusedShape asked(Context& context, int64_t batch, int64_t queries, int64_t keys, bool causal, bool lengths,
                       DType dtype = DType::f32) {
    asked_shapes().clear();
    const Variable query(Tensor::zeros(context, {batch, queries, 8}, dtype)),
        key(Tensor::zeros(context, {batch, keys, 24}, dtype));
    ScaledDotProduct attention;
    attention.query = {query, 0};
    attention.key = {key, 8};
    attention.value = {key, 16};
    attention.head_dim = 8;
    attention.causal = causal;
    if (lengths) attention.mask.key_lengths = Tensor::zeros(context, {batch}, DType::i32);
    scaled_dot_product(attention);
    return asked_shapes().empty() ? cuda::FusedShape{} : asked_shapes().back();
}

TEST(FusedAttention, TextHasFewShapes) {
    if (!cuda_is_tested()) GTEST_SKIP() << "cuda has no turn";
    Context context("cuda");
    EXPECT_EQ(asked(context, 3, 20, 20, false, true).queries, 0);  // f32
    context.device().set_precision(Precision::bf16);
    const float scale = 1 / std::sqrt(8.0F);
    EXPECT_EQ(asked(context, 3, 20, 21, false, false), (cuda::FusedShape{3, 1, 20, 21, 8, scale, false, false}));
    EXPECT_EQ(asked(context, 3, 20, 21, false, true), (cuda::FusedShape{3, 1, 32, 32, 8, scale, false, true}));
    EXPECT_EQ(asked(context, 17, 17, 17, true, false), (cuda::FusedShape{18, 1, 32, 32, 8, scale, true, true}));
    EXPECT_EQ(asked(context, 1, 32, 32, true, false), (cuda::FusedShape{1, 1, 32, 32, 8, scale, true, false}));
    EXPECT_EQ(asked(context, 1, 300, 300, true, false), (cuda::FusedShape{1, 1, 320, 320, 8, scale, true, true}));
}

/// Numbers of bf16 are read where they lie, unless key lengths ask for copies.
TEST(FusedAttention, ReadsBf16InPlace) {
    if (!cuda_is_tested()) GTEST_SKIP() << "cuda has no turn";
    Context context("cuda", Precision::bf16);
    const float scale = 1 / std::sqrt(8.0F);
    EXPECT_EQ(asked(context, 3, 20, 21, false, false, DType::bf16),
              (cuda::FusedShape{3, 1, 20, 21, 8, scale, false, false, 8, 24, 24}));
    EXPECT_EQ(asked(context, 1, 32, 32, true, false, DType::bf16),
              (cuda::FusedShape{1, 1, 32, 32, 8, scale, true, false, 8, 24, 24}));
    EXPECT_EQ(asked(context, 3, 20, 21, false, true, DType::bf16),
              (cuda::FusedShape{3, 1, 32, 32, 8, scale, false, true}));
    EXPECT_EQ(asked(context, 17, 17, 17, true, false, DType::bf16),
              (cuda::FusedShape{17, 1, 17, 17, 8, scale, true, false, 8, 24, 24}));
}

TEST(FusedAttention, Bf16WithoutItIsAnError) {
    if (!cuda_is_tested()) GTEST_SKIP() << "cuda has no turn";
    Context cpu, cuda("cuda", Precision::bf16);
    const std::string begin = "scaled_dot_product: queries, keys and values of bf16 are not computed on the device ";
    EXPECT_EQ(begin + "cpu in this shape",
              message_of<Error>([&] { asked(cpu, 3, 20, 21, false, false, DType::bf16); }));
    EXPECT_EQ(begin + "cuda in this shape",
              message_of<Error>([&] { asked(cuda, 3, 20, 21, true, false, DType::bf16); }));
}

}  // namespace
}  // namespace heed::test::fused_attention_test

namespace heed::cuda {

const FusedAttention* fused_attention(const FusedShape& shape) {
    namespace test = heed::test::fused_attention_test;
    test::asked_shapes().push_back(shape);
    static std::map<FusedShape, test::HostAttention> kept;
    return &kept.try_emplace(shape, shape).first->second;
}

}  // namespace heed::cuda
