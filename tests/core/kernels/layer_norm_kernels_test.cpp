// ctest: cuda
// ctest: processors 2
#include "heed/core/kernels/layer_norm_kernels.h"

#include "heed/tests/support/kernel_paths.h"

namespace heed::test::layer_norm_kernels_test {

namespace {

using Path = KernelPath<LayerNormKernels>;
using std::vector;

template <class Body>
void for_paths(const Body& body) {
    for_each_path(layer_norm_kernels, body);
}

struct Case {
    Case(int64_t rows_, int64_t width_, float shift = 0)
        : rows(rows_),
          width(width_),
          x(numbers(rows * width, 1, 1, shift)),
          dy(numbers(rows * width, 2)),
          gain(numbers(width, 3, 0.5F, 1)),
          bias(numbers(width, 4)) {}
    int64_t rows, width;
    float epsilon = 1e-5F;
    vector<float> x, dy, gain, bias;
};

struct Expected {
    vector<double> y, mean, rstd, dx, dgain, dbias;
};

Expected expected(const Case& c) {
    Expected e;
    const auto n = static_cast<std::size_t>(c.width);
    e.dgain.assign(n, 0);
    e.dbias.assign(n, 0);
    for (std::size_t row = 0; row < static_cast<std::size_t>(c.rows); ++row) {
        const float* x = c.x.data() + row * n;
        const float* dy = c.dy.data() + row * n;
        double mean = 0, variance = 0, mean_d = 0, mean_dn = 0;
        for (std::size_t j = 0; j < n; ++j) mean += x[j] / static_cast<double>(n);
        for (std::size_t j = 0; j < n; ++j) variance += (x[j] - mean) * (x[j] - mean) / static_cast<double>(n);
        const double rstd = 1 / std::sqrt(variance + c.epsilon);
        const auto normed = [&](std::size_t j) { return (x[j] - mean) * rstd; };
        for (std::size_t j = 0; j < n; ++j) {
            const double d = static_cast<double>(dy[j]) * c.gain[j];
            mean_d += d / static_cast<double>(n);
            mean_dn += d * normed(j) / static_cast<double>(n);
            e.dgain[j] += dy[j] * normed(j);
            e.dbias[j] += dy[j];
            e.y.push_back(normed(j) * c.gain[j] + c.bias[j]);
        }
        for (std::size_t j = 0; j < n; ++j) {
            e.dx.push_back(rstd * (static_cast<double>(dy[j]) * c.gain[j] - mean_d - normed(j) * mean_dn));
        }
        e.mean.push_back(mean);
        e.rstd.push_back(rstd);
    }
    return e;
}

struct Result {
    vector<float> y, mean, rstd, dx, dgain, dbias;
};

Result run(const Path& path, const Case& c, bool accumulate = false, float start = 99) {
    Result r;
    const auto rows = static_cast<std::size_t>(c.rows);
    const auto width = static_cast<std::size_t>(c.width);
    r.y.assign(rows * width, 99);
    r.mean.assign(rows, 99);
    r.rstd.assign(rows, 99);
    r.dx.assign(rows * width, 99);
    r.dgain.assign(width, start);
    r.dbias.assign(width, start);
    path.kernels.forward({path.at(c.x), path.at(c.gain), path.at(c.bias), path.at(r.y), path.at(r.mean),
                          path.at(r.rstd), c.rows, c.width, c.epsilon});
    vector<float> workspace(static_cast<std::size_t>(path.kernels.backward_workspace(c.rows, c.width)), 77);
    path.kernels.backward({path.at(c.dy), path.at(c.x), path.at(c.gain), path.at(r.mean), path.at(r.rstd),
                           path.at(r.dx), path.at(r.dgain), path.at(r.dbias), accumulate, path.at(workspace), c.rows,
                           c.width});
    return r;
}

TEST(LayerNormKernels, MatchTheFormula) {
    for (const int64_t rows : {0, 1, 5, 300}) {
        for (const int64_t width : {1, 3, 7, 16, 33, 128, 192, 700, 1024, 1100}) {
            if (rows > 5 && width > 1000) continue;
            SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(width));
            const Case c(rows, width);
            const Expected e = expected(c);
            for_paths([&](const Path& path) {
                const Result r = run(path, c);
                expect_close(r.mean, e.mean, 1e-6, 1e-7, "mean");
                expect_close(r.rstd, e.rstd, 2e-6, 0, "rstd");
                expect_close(r.y, e.y, 1e-5, 2e-6, "y");
                // A row of 1 has no variance: rstd is 316 and magnifies the rounding of the differences.
                expect_close(r.dx, e.dx, 1e-5, width < 4 ? 2e-4 : 1e-5, "dx");
                expect_close(r.dgain, e.dgain, 1e-5, 2e-5, "dgain");
                expect_close(r.dbias, e.dbias, 1e-5, 2e-5, "dbias");
            });
        }
    }
}

TEST(LayerNormKernels, AFarMeanDoesNotCancel) {
    const Case c(3, 192, 1000);
    const Expected e = expected(c);
    for_paths([&](const Path& path) {
        const Result r = run(path, c);
        expect_close(r.rstd, e.rstd, 1e-5, 0, "rstd");
        expect_close(r.y, e.y, 1e-4, 3e-4, "y");
    });
}

TEST(LayerNormKernels, AccumulateAddsToTheParameterGradients) {
    const Case c(37, 33);
    Expected e = expected(c);
    for (double& value : e.dgain) value += 3;
    for (double& value : e.dbias) value += 3;
    for_paths([&](const Path& path) {
        const Result r = run(path, c, true, 3);
        expect_close(r.dgain, e.dgain, 1e-5, 1e-5, "dgain");
        expect_close(r.dbias, e.dbias, 1e-5, 1e-5, "dbias");
    });
}

TEST(LayerNormKernels, ParameterGradientsAreOptional) {
    const Case c(5, 33);
    const Expected e = expected(c);
    for_paths([&](const Path& path) {
        Result r = run(path, c);
        r.dx.assign(r.dx.size(), 0);
        vector<float> workspace(static_cast<std::size_t>(path.kernels.backward_workspace(5, 33)));
        path.kernels.backward({path.at(c.dy), path.at(c.x), path.at(c.gain), path.at(r.mean), path.at(r.rstd),
                               path.at(r.dx), nullptr, nullptr, false, path.at(workspace), 5, 33});
        expect_close(r.dx, e.dx, 1e-5, 1e-5, "dx");
    });
}

TEST(LayerNormKernels, WorkInPlace) {
    const Case c(9, 50);
    for_paths([&](const Path& path) {
        const Result apart = run(path, c);
        vector<float> y = c.x;
        vector<float> dx = c.dy;
        Result r = apart;
        path.kernels.forward({path.at(y), path.at(c.gain), path.at(c.bias), path.at(y), path.at(r.mean),
                              path.at(r.rstd), 9, 50, c.epsilon});
        EXPECT_EQ(y, apart.y);
        vector<float> workspace(static_cast<std::size_t>(path.kernels.backward_workspace(9, 50)));
        path.kernels.backward({path.at(dx), path.at(c.x), path.at(c.gain), path.at(r.mean), path.at(r.rstd),
                               path.at(dx), path.at(r.dgain), path.at(r.dbias), false, path.at(workspace), 9, 50});
        EXPECT_EQ(dx, apart.dx);
        EXPECT_EQ(r.dgain, apart.dgain);
    });
}

TEST(LayerNormKernels, NanAndInfinityStayInTheirRow) {
    for (const float bad : {not_a_number, infinity, -infinity}) {
        Case c(6, 35);
        c.x[2 * 35 + 34] = bad;
        const Case clean(6, 35);
        for_paths([&](const Path& path) {
            const Result r = run(path, c);
            const Result good = run(path, clean);
            for (std::size_t i = 0; i < r.y.size(); ++i) {
                if (i / 35 == 2) {
                    EXPECT_TRUE(std::isnan(r.y[i])) << i;
                    EXPECT_TRUE(std::isnan(r.dx[i])) << i;
                } else {
                    EXPECT_EQ(r.y[i], good.y[i]) << i;
                    EXPECT_EQ(r.dx[i], good.dx[i]) << i;
                }
            }
            for (const float value : r.dgain) EXPECT_TRUE(std::isnan(value));
        });
    }
}

TEST(LayerNormKernels, SameBitsWithTwoThreads) {
    const Case c(1030, 96);
    for_paths([&](const Path& path) {
        expect_same_with_two_threads([&] {
            const Result r = run(path, c);
            vector<float> all;
            for (const auto* part : {&r.y, &r.mean, &r.rstd, &r.dx, &r.dgain, &r.dbias}) {
                all.insert(all.end(), part->begin(), part->end());
            }
            return all;
        });
    });
}

}  // namespace

}  // namespace heed::test::layer_norm_kernels_test
