#include "heed/trainers/explanation/relevance.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "heed/core/error.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::relevance_test {
namespace {

using Matrix = std::vector<std::vector<double>>;

Matrix product(const Matrix& a, const Matrix& b) {
    Matrix c(a.size(), std::vector<double>(b[0].size(), 0.0));
    for (size_t i = 0; i < a.size(); ++i) {
        for (size_t k = 0; k < b.size(); ++k) {
            for (size_t j = 0; j < b[0].size(); ++j) c[i][j] += a[i][k] * b[k][j];
        }
    }
    return c;
}

/// residual * 1 + share * matrix.
Matrix with_residual(Matrix matrix, double residual, double share) {
    for (size_t i = 0; i < matrix.size(); ++i) {
        for (size_t j = 0; j < matrix[i].size(); ++j) {
            matrix[i][j] = share * matrix[i][j] + (i == j ? residual : 0.0);
        }
    }
    return matrix;
}

/// A head with rows of sum 1, and gradients of both signs.
HeadRecord head_of(AttentionPlace place, int64_t layer, int64_t head, int64_t queries, int64_t keys) {
    HeadRecord record{place, layer, head, queries, keys, 2, place == AttentionPlace::decoder, {}, {}, {}};
    const auto number = static_cast<int64_t>(place) * 7 + layer * 3 + head;
    for (int64_t query = 0; query < queries; ++query) {
        std::vector<float> row;
        float sum = 0;
        for (int64_t key = 0; key < keys; ++key) {
            const bool seen = !record.causal || key <= query;
            row.push_back(seen ? static_cast<float>(1 + (number + 2 * query + 5 * key) % 9) : 0.0F);
            sum += row.back();
        }
        for (int64_t key = 0; key < keys; ++key) {
            record.weights.push_back(row[static_cast<size_t>(key)] / sum);
            record.weight_gradient.push_back(static_cast<float>((number + query + 3 * key) % 7) - 3.0F);
        }
    }
    return record;
}

std::vector<HeadRecord> two_heads(AttentionPlace place, int64_t layers, int64_t queries, int64_t keys) {
    std::vector<HeadRecord> heads;
    for (int64_t i = 0; i < 2 * layers; ++i) heads.push_back(head_of(place, i / 2, i % 2, queries, keys));
    return heads;
}

/// The mean over the two heads of a layer.
Matrix mean_of(const std::vector<HeadRecord>& heads, AttentionPlace place, int64_t layer, bool gradients = false) {
    Matrix mean;
    for (const HeadRecord& head : heads) {
        if (head.place != place || head.layer != layer) continue;
        mean.resize(static_cast<size_t>(head.queries), std::vector<double>(static_cast<size_t>(head.keys), 0.0));
        for (size_t i = 0; i < head.weights.size(); ++i) {
            double value = head.weights[i];
            if (gradients) value = std::max(0.0, value * head.weight_gradient[i]);
            mean[i / mean[0].size()][i % mean[0].size()] += value / 2;
        }
    }
    return mean;
}

ExplainedInput input_of(size_t units, const std::vector<int64_t>& read) {
    ExplainedInput input;
    input.units.resize(units);
    input.read_queries = read;
    return input;
}

void expect_equal(const std::vector<double>& got, const std::vector<double>& want) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) EXPECT_CLOSE(got[i], want[i], 1e-6) << i;
}

TEST(Relevance, OfAClassifierComesFromTheQueriesThatAreRead) {
    const std::vector<HeadRecord> heads = two_heads(AttentionPlace::encoder, 3, 4, 4);
    for (const std::vector<int64_t>& read : {std::vector<int64_t>{0}, {0, 1, 2, 3}}) {
        const ExplainedInput input = input_of(4, read);
        Matrix rolled = with_residual(Matrix(4, std::vector<double>(4, 0.0)), 1, 0), gradients = rolled;
        std::vector<double> raw(4), rollout(4), gradient_rollout(4);
        for (int64_t layer = 0; layer < 3; ++layer) {
            const Matrix mean = mean_of(heads, AttentionPlace::encoder, layer);
            rolled = product(with_residual(mean, 0.5, 0.5), rolled);
            gradients = product(with_residual(mean_of(heads, AttentionPlace::encoder, layer, true), 1, 1), gradients);
            for (const int64_t query : read) {
                for (size_t unit = 0; unit < 4; ++unit) {
                    raw[unit] += mean[static_cast<size_t>(query)][unit] / static_cast<double>(3 * read.size());
                }
            }
        }
        for (const int64_t query : read) {
            for (size_t unit = 0; unit < 4; ++unit) {
                const auto count = static_cast<double>(read.size());
                rollout[unit] += rolled[static_cast<size_t>(query)][unit] / count;
                gradient_rollout[unit] += gradients[static_cast<size_t>(query)][unit] / count;
            }
        }
        expect_equal(raw_attention_relevance(input, heads), raw);
        expect_equal(rollout_relevance(input, heads), rollout);
        expect_equal(gradient_rollout_relevance(input, heads), gradient_rollout);
    }
}

TEST(Relevance, OfATranslatorComesFromTheExplainedToken) {
    std::vector<HeadRecord> heads = two_heads(AttentionPlace::encoder, 2, 3, 3);
    for (const HeadRecord& head : two_heads(AttentionPlace::decoder, 2, 2, 2)) heads.push_back(head);
    for (const HeadRecord& head : two_heads(AttentionPlace::cross, 2, 2, 3)) heads.push_back(head);
    ExplainedInput input = input_of(3, {1});
    input.target = ExplainedTarget{.text = "", .tokens = {}, .position = 1, .given = true};
    const auto layer = [&](AttentionPlace place, int64_t index) { return mean_of(heads, place, index); };

    std::vector<double> raw(3);
    for (size_t unit = 0; unit < 3; ++unit) {
        raw[unit] = (layer(AttentionPlace::cross, 0)[1][unit] + layer(AttentionPlace::cross, 1)[1][unit]) / 2;
    }
    expect_equal(raw_attention_relevance(input, heads), raw);

    // As rows: half of what is at the target goes to the source in each layer, the rest through its self-attention.
    const Matrix at_last = {{0, 1}};
    const Matrix to_source = product(at_last, with_residual(layer(AttentionPlace::cross, 1), 0, 0.5));
    const Matrix at_first = product({{0, 0.5}}, with_residual(layer(AttentionPlace::decoder, 1), 0.5, 0.5));
    const Matrix also = product(at_first, with_residual(layer(AttentionPlace::cross, 0), 0, 0.5));
    Matrix source = {{0, 0, 0}};
    for (size_t unit = 0; unit < 3; ++unit) source[0][unit] = to_source[0][unit] + also[0][unit];
    for (const int64_t index : {1, 0}) {
        source = product(source, with_residual(layer(AttentionPlace::encoder, index), 0.5, 0.5));
    }
    expect_equal(rollout_relevance(input, heads), source[0]);
}

TEST(Relevance, ByGradientsCountsWhatRaisesTheProbability) {
    HeadRecord head = head_of(AttentionPlace::encoder, 0, 0, 2, 2);
    head.weights = {0.25F, 0.75F, 0.5F, 0.5F};
    head.weight_gradient = {2.0F, -4.0F, 0.0F, 6.0F};
    const std::vector<HeadRecord> heads = {head, head};
    expect_equal(gradient_attention_relevance(input_of(2, {0}), heads), {1.0, 6.0});
    head.weight_gradient.clear();
    const std::vector<HeadRecord> without = {head};
    EXPECT_TRUE(contains(message_of<Error>([&] { gradient_attention_relevance(input_of(2, {0}), without); }),
                         "heads with gradients"));
    EXPECT_TRUE(contains(message_of<Error>([&] { raw_attention_relevance(input_of(3, {0}), without); }),
                         "heads of 3 keys, one a unit, got 2"));
}

}  // namespace
}  // namespace heed::test::relevance_test
