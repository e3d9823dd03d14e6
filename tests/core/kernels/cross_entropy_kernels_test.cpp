// ctest: cuda
// ctest: processors 2
#include "heed/core/kernels/cross_entropy_kernels.h"

#include <algorithm>

#include "heed/tests/support/close.h"
#include "heed/tests/support/kernel_paths.h"

namespace heed::test::cross_entropy_kernels_test {

namespace {

using Path = KernelPath<CrossEntropyKernels>;
using std::vector;

template <class Body>
void for_paths(const Body& body) {
    for_each_path(cross_entropy_kernels, body);
}

struct Result {
    vector<float> losses, nll, dlogits, row_weights;
    vector<int32_t> predictions;
};

Result run(const Path& path, const vector<float>& logits, const vector<int32_t>& targets, float smoothing,
           const vector<float>& class_weights = {}) {
    Result r;
    const std::size_t rows = targets.size();
    const std::size_t classes = rows > 0 ? logits.size() / rows : class_weights.empty() ? 3 : class_weights.size();
    r.losses.assign(rows, 99);
    r.nll.assign(rows, 99);
    r.predictions.assign(rows, 99);
    r.dlogits.assign(logits.size(), 99);
    r.row_weights.assign(rows, 99);
    path.kernels.forward({path.at(logits), path.at(targets), path.at(r.losses), path.at(r.nll), path.at(r.predictions),
                          path.at(r.dlogits), static_cast<int64_t>(rows), static_cast<int64_t>(classes), smoothing,
                          path.at(class_weights), path.at(r.row_weights)});
    return r;
}

struct Expected {
    vector<double> losses, nll, dlogits, row_weights;
};

Expected expected(const vector<float>& logits, const vector<int32_t>& targets, double smoothing,
                  const vector<float>& class_weights = {}) {
    Expected e;
    const std::size_t classes = targets.empty() ? 0 : logits.size() / targets.size();
    for (std::size_t row = 0; row < targets.size(); ++row) {
        const float* x = logits.data() + row * classes;
        double max = x[0], sum = 0, nll = 0, loss = 0, all_wanted = 0;
        vector<double> log_probabilities, wanted;
        for (std::size_t j = 0; j < classes; ++j) max = std::max(max, static_cast<double>(x[j]));
        for (std::size_t j = 0; j < classes; ++j) sum += std::exp(x[j] - max);
        for (std::size_t j = 0; j < classes; ++j) {
            const double weight = class_weights.empty() ? 1 : class_weights[j];
            const double log_probability = x[j] - max - std::log(sum);
            double share = smoothing / static_cast<double>(classes);
            if (static_cast<int32_t>(j) == targets[row]) {
                share += 1 - smoothing;
                nll = -weight * log_probability;
            }
            log_probabilities.push_back(log_probability);
            wanted.push_back(share * weight);
            all_wanted += wanted[j];
            if (targets[row] >= 0 && wanted[j] != 0) loss -= wanted[j] * log_probability;
        }
        for (std::size_t j = 0; j < classes; ++j) {
            e.dlogits.push_back(targets[row] < 0 ? 0 : all_wanted * std::exp(log_probabilities[j]) - wanted[j]);
        }
        e.losses.push_back(loss);
        e.nll.push_back(nll);
        const auto target = static_cast<std::size_t>(std::max(0, targets[row]));
        e.row_weights.push_back(targets[row] < 0 ? 0 : class_weights.empty() ? 1 : class_weights[target]);
    }
    return e;
}

vector<int32_t> some_targets(int64_t rows, int64_t classes) {
    vector<int32_t> targets;
    for (int64_t row = 0; row < rows; ++row) {
        targets.push_back(row % 4 == 3 ? -1 : static_cast<int32_t>(row * 7 % classes));
    }
    return targets;
}

TEST(CrossEntropyKernels, MatchTheFormula) {
    for (const int64_t rows : {0, 1, 5, 300}) {
        for (const int64_t classes : {1, 3, 7, 10, 16, 33, 128, 192, 1000}) {
            for (const float smoothing : {0.0F, 0.1F}) {
                SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(classes) + " s " +
                             std::to_string(smoothing));
                const vector<float> logits = numbers(rows * classes, 1, 5);
                const vector<int32_t> targets = some_targets(rows, classes);
                for (const auto& weights : {vector<float>(), numbers(classes, 9, 1.5F, 1.5F)}) {
                    const Expected e = expected(logits, targets, smoothing, weights);
                    const double scale = weights.empty() ? 1 : 3;  // rounding grows with the largest weight
                    for_paths([&](const Path& path) {
                        const Result r = run(path, logits, targets, smoothing, weights);
                        expect_close(r.losses, e.losses, 1e-6, scale * 1e-6, "losses");
                        expect_close(r.nll, e.nll, 1e-6, scale * 1e-6, "nll");
                        expect_close(r.dlogits, e.dlogits, 1e-6, scale * 1e-7, "dlogits");
                        expect_close(r.row_weights, e.row_weights, 0, 0, "row weights");
                    });
                }
                for_paths([&](const Path& path) {
                    const Result r = run(path, logits, targets, smoothing);
                    for (std::size_t row = 0; row < targets.size(); ++row) {
                        const float* x = logits.data() + static_cast<int64_t>(row) * classes;
                        EXPECT_EQ(r.predictions[row], std::max_element(x, x + classes) - x);
                    }
                });
            }
        }
    }
}

TEST(CrossEntropyKernels, LargeLogitsAreStable) {
    vector<float> logits = numbers(4 * 20, 2, 1e4F);
    logits[3] = 3e38F;
    const vector<int32_t> targets = {4, 5, 6, 7};
    for (const float smoothing : {0.0F, 0.1F}) {
        const Expected e = expected(logits, targets, smoothing);
        for_paths([&](const Path& path) {
            const Result r = run(path, logits, targets, smoothing);
            expect_close(r.nll, e.nll, 1e-6, 1e-6, "nll");
            expect_close({r.losses.begin() + 1, r.losses.end()}, {e.losses.begin() + 1, e.losses.end()}, 1e-6, 1e-6,
                         "losses");
            expect_close(r.dlogits, e.dlogits, 1e-5, 1e-7, "dlogits");
        });
    }
}

TEST(CrossEntropyKernels, AMaskedClassHasNoProbability) {
    vector<float> logits = numbers(19, 3);
    logits[18] = -infinity;
    for_paths([&](const Path& path) {
        const Result r = run(path, logits, {2}, 0);
        expect_close(r.losses, expected(logits, {2}, 0).losses, 1e-6, 0, "losses");
        EXPECT_EQ(r.dlogits[18], 0);
        EXPECT_EQ(run(path, logits, {18}, 0).losses[0], infinity);
    });
}

TEST(CrossEntropyKernels, NanAndInfinityGiveNanInTheirRowAlone) {
    for (const float bad : {not_a_number, infinity}) {
        for (const std::size_t at : {0, 10, 18, 29}) {
            vector<float> logits = numbers(3 * 19, 4);
            logits[19 + at % 19] = bad;
            const vector<float> weights = at < 19 ? vector<float>() : numbers(19, 13, 1, 1);
            for_paths([&](const Path& path) {
                const Result r = run(path, logits, {1, 2, 3}, 0.1F, weights);
                for (std::size_t row = 0; row < 3; ++row) {
                    EXPECT_EQ(std::isnan(r.losses[row]), row == 1);
                    EXPECT_EQ(std::isnan(r.nll[row]), row == 1);
                }
                for (std::size_t i = 0; i < logits.size(); ++i) EXPECT_EQ(std::isnan(r.dlogits[i]), i / 19 == 1) << i;
            });
        }
    }
}

TEST(CrossEntropyKernels, WeightsOfOneChangeNothing) {
    const vector<float> logits = numbers(5 * 21, 5, 4);
    const vector<int32_t> targets = some_targets(5, 21);
    for (const float smoothing : {0.0F, 0.3F}) {
        for_paths([&](const Path& path) {
            const Result without = run(path, logits, targets, smoothing);
            const Result with = run(path, logits, targets, smoothing, vector<float>(21, 1));
            expect_close(with.losses, {without.losses.begin(), without.losses.end()}, 1e-6, 1e-7, "losses");
            expect_close(with.dlogits, {without.dlogits.begin(), without.dlogits.end()}, 1e-6, 1e-7, "dlogits");
            EXPECT_EQ(with.row_weights, without.row_weights);
        });
    }
}

TEST(CrossEntropyKernels, ATargetWithoutWeightIsAsIfLeftOut) {
    const vector<float> logits = numbers(2 * 7, 11);
    vector<float> weights = numbers(7, 12, 0.5F, 1);
    weights[3] = 0;
    for_paths([&](const Path& path) {
        const Result r = run(path, logits, {3, 1}, 0, weights);
        EXPECT_EQ(r.losses[0], 0);
        EXPECT_EQ(r.row_weights, (vector<float>{0, weights[1]}));
        for (std::size_t j = 0; j < 7; ++j) EXPECT_EQ(r.dlogits[j], 0);
        EXPECT_GT(r.losses[1], 0);
    });
}

TEST(CrossEntropyKernels, PredictTheFirstOfEqualLogitsAndNeverNan) {
    vector<float> logits(3 * 40, -5.0F);
    logits[39] = logits[17] = logits[5 + 16] = 2;
    logits[40] = not_a_number;
    logits[40 + 33] = 1;
    for_paths([&](const Path& path) {
        const Result r = run(path, logits, {0, 0, -1}, 0);
        EXPECT_EQ(r.predictions, (vector<int32_t>{17, 33, 0}));
    });
}

TEST(CrossEntropyKernels, OutputsAreOptionalAndTheGradientMayReplaceTheLogits) {
    const vector<float> logits = numbers(9 * 21, 5);
    const vector<int32_t> targets = some_targets(9, 21);
    for_paths([&](const Path& path) {
        const Result r = run(path, logits, targets, 0.1F);
        vector<float> losses(9);
        path.kernels.forward(
            {path.at(logits), path.at(targets), path.at(losses), nullptr, nullptr, nullptr, 9, 21, 0.1F});
        EXPECT_EQ(losses, r.losses);
        vector<float> in_place = logits;
        path.kernels.forward(
            {path.at(in_place), path.at(targets), path.at(losses), nullptr, nullptr, path.at(in_place), 9, 21, 0.1F});
        EXPECT_EQ(losses, r.losses);
        EXPECT_EQ(in_place, r.dlogits);
    });
}

/// The sums of values, of twice and of three times the values, and the first as a float.
vector<double> sums(const Path& path, const vector<float>& values) {
    vector<float> twice, thrice, loss(1);
    for (const float value : values) twice.push_back(2 * value), thrice.push_back(3 * value);
    vector<double> sums(3, -1);
    path.kernels.sum({.losses = path.at(values),
                      .nll = path.at(twice),
                      .row_weights = path.at(thrice),
                      .rows = std::ssize(values),
                      .sums = path.at(sums),
                      .loss = path.at(loss)});
    sums.push_back(loss[0]);
    return sums;
}

TEST(CrossEntropyKernels, SumsAreThoseOfEachOfThree) {
    for_paths([&](const Path& path) {
        const vector<double> found = sums(path, {1, 2, 4});
        EXPECT_EQ(found, (vector<double>{7, 14, 21, 7}));
    });
}

TEST(CrossEntropyKernels, SumInDouble) {
    for (const int64_t count : {0, 1, 3, 7, 1000, 20001}) {
        const vector<float> values = numbers(count, 6, 1, 1e4F);
        double want = 0;
        for (const float value : values) want += value;
        for_paths([&](const Path& path) { EXPECT_CLOSE(sums(path, values)[0], want, 1e-12) << count; });
    }
}

TEST(CrossEntropyKernels, SameBitsWithTwoThreads) {
    const vector<float> logits = numbers(3000 * 37, 7);
    const vector<int32_t> targets = some_targets(3000, 37);
    const vector<float> many = numbers(200001, 8), weights = numbers(37, 14, 1, 1);
    for_paths([&](const Path& path) {
        expect_same_with_two_threads([&] {
            const Result r = run(path, logits, targets, 0.1F, weights);
            vector<double> all(r.dlogits.begin(), r.dlogits.end());
            all.insert(all.end(), r.losses.begin(), r.losses.end());
            all.push_back(sums(path, many)[0]);
            return all;
        });
    });
}

}  // namespace

}  // namespace heed::test::cross_entropy_kernels_test
