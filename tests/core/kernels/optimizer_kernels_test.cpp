// ctest: cuda
// ctest: processors 2
#include "heed/core/kernels/optimizer_kernels.h"

#include "heed/tests/support/close.h"
#include "heed/tests/support/kernel_paths.h"

namespace heed::test::optimizer_kernels_test {

namespace {

using Path = KernelPath<OptimizerKernels>;
using std::vector;

template <class Body>
void for_paths(const Body& body) {
    for_each_path(optimizer_kernels, body);
}

constexpr int64_t counts[] = {0, 1, 3, 7, 16, 33, 1000, 20001};

vector<double> wide(const vector<float>& values) {
    return {values.begin(), values.end()};
}

double sum_of_squares(const Path& path, const vector<float>& values) {
    vector<double> sum(1, -1);
    path.kernels.sum_of_squares(path.at(values), std::ssize(values), path.at(sum));
    return sum[0];
}

TEST(OptimizerKernels, SumOfSquaresIsExactToDouble) {
    for (const int64_t count : counts) {
        const vector<float> values = numbers(count, 1, 1e3F);
        double want = 0;
        for (const float value : values) want += static_cast<double>(value) * value;
        for_paths([&](const Path& path) { EXPECT_CLOSE(sum_of_squares(path, values), want, 1e-12) << count; });
    }
}

TEST(OptimizerKernels, SumOfSquaresKeepsNanAndDoesNotOverflow) {
    vector<float> values(50, 1e30F);
    for_paths([&](const Path& path) { EXPECT_CLOSE(sum_of_squares(path, values), 50e60, 2e-7); });
    values[49] = not_a_number;
    for_paths([&](const Path& path) { EXPECT_TRUE(std::isnan(sum_of_squares(path, values))); });
}

TEST(OptimizerKernels, FirstNonFiniteFindsTheLowestIndex) {
    for (const int64_t count : counts) {
        vector<float> values = numbers(count, 2, 3e38F);
        for_paths(
            [&](const Path& path) { EXPECT_EQ(path.kernels.first_non_finite(path.at(values), count), -1) << count; });
        for (int64_t at = count - 1; at >= 0; at = at * 2 / 3 - 1) {
            values[static_cast<std::size_t>(at)] = at % 3 == 0 ? not_a_number : at % 3 == 1 ? infinity : -infinity;
            for_paths([&](const Path& path) { EXPECT_EQ(path.kernels.first_non_finite(path.at(values), count), at); });
        }
    }
}

TEST(OptimizerKernels, AdamWFollowsTheFormulaForSeveralSteps) {
    for (const int64_t count : counts) {
        SCOPED_TRACE(count);
        const vector<float> start = numbers(count, 3);
        for_paths([&](const Path& path) {
            vector<float> p = start, m(p.size()), v(p.size());
            vector<double> want_p = wide(p), want_m(p.size()), want_v(p.size());
            for (int64_t step = 1; step <= 4; ++step) {
                const vector<float> g = numbers(count, static_cast<uint32_t>(10 + step), 100);
                AdamWStep a{};
                a.parameters = path.at(p);
                a.gradients = path.at(g);
                a.first_moment = path.at(m);
                a.second_moment = path.at(v);
                a.count = count;
                a.step = step;
                a.learning_rate = 0.01;
                a.beta1 = 0.9;
                a.beta2 = 0.95;
                a.epsilon = 1e-3;
                a.weight_decay = 0.5;
                a.gradient_scale = 0.02;
                path.kernels.adamw(a);
                for (std::size_t i = 0; i < want_p.size(); ++i) {
                    const double scaled = 0.02 * g[i];
                    want_p[i] *= 1 - 0.01 * 0.5;
                    want_m[i] = 0.9 * want_m[i] + 0.1 * scaled;
                    want_v[i] = 0.95 * want_v[i] + 0.05 * scaled * scaled;
                    const double corrected_m = want_m[i] / (1 - std::pow(0.9, static_cast<double>(step)));
                    const double corrected_v = want_v[i] / (1 - std::pow(0.95, static_cast<double>(step)));
                    want_p[i] -= 0.01 * corrected_m / (std::sqrt(corrected_v) + 1e-3);
                }
            }
            expect_close(p, want_p, 1e-6, 2e-7, "parameters");
            expect_close(m, want_m, 1e-6, 1e-6, "first moment");
            expect_close(v, want_v, 1e-5, 1e-9, "second moment");
        });
    }
}

TEST(OptimizerKernels, AdamFollowsTheFormulaForSeveralSteps) {
    for (const int64_t count : counts) {
        SCOPED_TRACE(count);
        const vector<float> start = numbers(count, 3);
        for_paths([&](const Path& path) {
            vector<float> p = start, m(p.size()), v(p.size());
            vector<double> want_p = wide(p), want_m(p.size()), want_v(p.size());
            for (int64_t step = 1; step <= 4; ++step) {
                const vector<float> g = numbers(count, static_cast<uint32_t>(30 + step), 100);
                path.kernels.adam(
                    {path.at(p), path.at(g), path.at(m), path.at(v), count, step, 0.01, 0.9, 0.95, 1e-3, 0.5, 0.02});
                for (std::size_t i = 0; i < want_p.size(); ++i) {
                    const double gradient = 0.02 * g[i] + 0.5 * want_p[i];
                    want_m[i] = 0.9 * want_m[i] + 0.1 * gradient;
                    want_v[i] = 0.95 * want_v[i] + 0.05 * gradient * gradient;
                    const double corrected_m = want_m[i] / (1 - std::pow(0.9, static_cast<double>(step)));
                    const double corrected_v = want_v[i] / (1 - std::pow(0.95, static_cast<double>(step)));
                    want_p[i] -= 0.01 * corrected_m / (std::sqrt(corrected_v) + 1e-3);
                }
            }
            expect_close(p, want_p, 1e-5, 5e-7, "parameters");
            expect_close(m, want_m, 1e-5, 1e-6, "first moment");
            expect_close(v, want_v, 1e-5, 1e-6, "second moment");
        });
    }
}

TEST(OptimizerKernels, RmsPropFollowsTheFormulaForSeveralSteps) {
    for (const double momentum : {0.0, 0.9}) {
        for (const int64_t count : counts) {
            SCOPED_TRACE(std::to_string(count) + " momentum " + std::to_string(momentum));
            const vector<float> start = numbers(count, 4);
            for_paths([&](const Path& path) {
                vector<float> p = start, s(p.size()), buffer(momentum == 0 ? 0 : p.size());
                vector<double> want = wide(p), want_s(p.size()), want_buffer(p.size());
                for (uint32_t step = 1; step <= 3; ++step) {
                    const vector<float> g = numbers(count, 40 + step, 100);
                    path.kernels.rmsprop({path.at(p), path.at(g), path.at(s), path.at(buffer), count, 0.01, 0.9, 1e-2,
                                          momentum, 0.5, 0.02});
                    for (std::size_t i = 0; i < want.size(); ++i) {
                        const double gradient = 0.02 * g[i] + 0.5 * want[i];
                        want_s[i] = 0.9 * want_s[i] + 0.1 * gradient * gradient;
                        want_buffer[i] = momentum * want_buffer[i] + gradient / (std::sqrt(want_s[i]) + 1e-2);
                        want[i] -= 0.01 * want_buffer[i];
                    }
                }
                expect_close(p, want, 1e-5, 5e-7, "parameters");
                expect_close(s, want_s, 1e-5, 1e-6, "mean square");
            });
        }
    }
}

TEST(OptimizerKernels, SgdFollowsTheFormulaForSeveralSteps) {
    struct Kind {
        double momentum;
        bool nesterov;
    };
    for (const Kind kind : {Kind{0, false}, Kind{0.9, false}, Kind{0.9, true}}) {
        for (const int64_t count : counts) {
            SCOPED_TRACE(std::to_string(count) + " momentum " + std::to_string(kind.momentum));
            const vector<float> start = numbers(count, 4);
            for_paths([&](const Path& path) {
                vector<float> p = start, buffer(kind.momentum == 0 ? 0 : p.size());
                vector<double> want = wide(p), want_buffer(p.size());
                for (uint32_t step = 1; step <= 3; ++step) {
                    const vector<float> g = numbers(count, 20 + step, 100);
                    path.kernels.sgd({path.at(p), path.at(g), path.at(buffer), count, 0.1, kind.momentum, 0.05, 0.01,
                                      kind.nesterov});
                    for (std::size_t i = 0; i < want.size(); ++i) {
                        const double d = 0.01 * g[i] + 0.05 * want[i];
                        want_buffer[i] = kind.momentum * want_buffer[i] + d;
                        const double nesterov = d + kind.momentum * want_buffer[i];
                        want[i] -= 0.1 * (kind.momentum == 0 ? d : kind.nesterov ? nesterov : want_buffer[i]);
                    }
                }
                expect_close(p, want, 1e-6, 2e-7, "parameters");
                if (kind.momentum != 0) expect_close(buffer, want_buffer, 1e-6, 3e-7, "buffer");
            });
        }
    }
}

TEST(OptimizerKernels, AverageMovesTheShadow) {
    for (const int64_t count : counts) {
        const vector<float> start = numbers(count, 5);
        const vector<float> p = numbers(count, 6);
        vector<double> want;
        for (std::size_t i = 0; i < start.size(); ++i) want.push_back(0.99 * start[i] + (1 - 0.99) * p[i]);
        for_paths([&](const Path& path) {
            vector<float> shadow = start;
            path.kernels.average(path.at(shadow), path.at(p), count, 0.99);
            expect_close(shadow, want, 1e-6, 1e-7, "shadow");
        });
    }
}

TEST(OptimizerKernels, NanInAGradientReachesItsParameterAlone) {
    for_paths([&](const Path& path) {
        vector<float> p(40, 1.0F), g(40, 1.0F), m(40), v(40), buffer(40), q(40, 1.0F);
        g[37] = not_a_number;
        path.kernels.adamw({path.at(p), path.at(g), path.at(m), path.at(v), 40, 1, 0.1, 0.9, 0.999, 1e-8, 0, 1});
        path.kernels.sgd({path.at(q), path.at(g), path.at(buffer), 40, 0.1, 0.9, 0, 1, false});
        EXPECT_EQ(path.kernels.first_non_finite(path.at(p), 40), 37);
        EXPECT_EQ(path.kernels.first_non_finite(path.at(q), 40), 37);
        EXPECT_TRUE(std::isfinite(p[38]) && std::isfinite(p[39]) && std::isfinite(q[38]));
    });
}

TEST(OptimizerKernels, SameBitsWithTwoThreads) {
    const int64_t count = 100003;
    const vector<float> g = numbers(count, 7);
    for_paths([&](const Path& path) {
        expect_same_with_two_threads([&] {
            vector<float> p = numbers(count, 8), m(p.size()), v(p.size()), buffer(p.size());
            path.kernels.adamw(
                {path.at(p), path.at(g), path.at(m), path.at(v), count, 1, 0.1, 0.9, 0.99, 1e-8, 0.1, 1});
            path.kernels.sgd({path.at(p), path.at(g), path.at(buffer), count, 0.1, 0.9, 0.1, 1, true});
            path.kernels.average(path.at(m), path.at(p), count, 0.9);
            vector<double> all(p.begin(), p.end());
            all.insert(all.end(), m.begin(), m.end());
            all.push_back(sum_of_squares(path, p));
            return all;
        });
    });
}

}  // namespace

}  // namespace heed::test::optimizer_kernels_test
