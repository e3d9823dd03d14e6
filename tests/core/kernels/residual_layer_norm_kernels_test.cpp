// ctest: cuda
// ctest: processors 2
#include "heed/core/kernels/residual_layer_norm_kernels.h"

#include "heed/core/kernels/layer_norm_kernels.h"
#include "heed/core/kernels/residual_add_kernels.h"
#include "heed/core/random/random.h"
#include "heed/tests/support/kernel_paths.h"

// The arithmetic of the norm is tested by layer_norm_kernels_test; here, that the fused op is residual_add followed by
// layer_norm, and that the gradients meet at the sum.

namespace heed::test::residual_layer_norm_kernels_test {

namespace {

using Path = KernelPath<ResidualLayerNormKernels>;
using std::vector;

template <class Body>
void for_paths(const Body& body) {
    for_each_path(residual_layer_norm_kernels, body);
}

struct Case {
    Case(int64_t rows_, int64_t width_, double dropout_, int64_t rows_per_sample = 1)
        : rows(rows_),
          width(width_),
          dropout(dropout_),
          elements_per_sample(rows_per_sample * width),
          x(numbers(rows * width, 1)),
          branch(numbers(rows * width, 2)),
          gain(numbers(width, 3, 0.5F, 1)),
          bias(numbers(width, 4)),
          dnormed(numbers(rows * width, 5)),
          dsum(numbers(rows * width, 6)) {}
    int64_t rows, width;
    double dropout;
    int64_t elements_per_sample;
    RandomStream stream = {{11, 12}, 13, 14};
    vector<float> x, branch, gain, bias, dnormed, dsum;
};

struct Result {
    vector<float> sum, normed, mean, rstd, dx, dbranch, dgain, dbias;

    [[nodiscard]] vector<float> all() const {
        vector<float> all;
        for (const auto* part : {&sum, &normed, &mean, &rstd, &dx, &dbranch, &dgain, &dbias}) {
            all.insert(all.end(), part->begin(), part->end());
        }
        return all;
    }
};

Result run(const Path& path, const Case& c) {
    Result r;
    const auto rows = static_cast<std::size_t>(c.rows);
    const auto width = static_cast<std::size_t>(c.width);
    for (auto* matrix : {&r.sum, &r.normed, &r.dx, &r.dbranch}) matrix->assign(rows * width, 99);
    for (auto* column : {&r.mean, &r.rstd}) column->assign(rows, 99);
    for (auto* row : {&r.dgain, &r.dbias}) row->assign(width, 99);
    path.kernels.forward({path.at(c.x), path.at(c.branch), path.at(c.gain), path.at(c.bias), path.at(r.sum),
                          path.at(r.normed), path.at(r.mean), path.at(r.rstd), c.rows, c.width, 1e-5F, c.dropout,
                          c.stream, c.elements_per_sample});
    vector<float> workspace(static_cast<std::size_t>(path.kernels.backward_workspace(c.rows, c.width)), 77);
    path.kernels.backward({path.at(c.dnormed), path.at(c.dsum), path.at(r.sum), path.at(c.gain), path.at(r.mean),
                           path.at(r.rstd), path.at(r.dx), path.at(r.dbranch), path.at(r.dgain), path.at(r.dbias),
                           false, path.at(workspace), c.rows, c.width, c.dropout, c.stream, c.elements_per_sample});
    return r;
}

/// Factor of each element of the branch, from the definition of the random words.
vector<double> factors(const Case& c) {
    vector<double> f;
    for (int64_t i = 0; i < c.rows * c.width; ++i) {
        const uint32_t word = random_word(c.stream, i / c.elements_per_sample, i % c.elements_per_sample);
        const bool dropped = c.dropout > 0 && word < std::round(c.dropout * 0x1p32);
        f.push_back(dropped ? 0 : 1 / (1 - c.dropout));
    }
    return f;
}

vector<double> wide(const vector<float>& values) {
    return {values.begin(), values.end()};
}

TEST(ResidualLayerNormKernels, AreResidualAddThenLayerNorm) {
    for (const double dropout : {0.0, 0.1}) {
        for (const int64_t rows : {0, 1, 5, 37}) {
            for (const int64_t width : {1, 3, 7, 16, 33, 128, 192, 1000}) {
                SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(width) + " p " + std::to_string(dropout));
                const Case c(rows, width, dropout, 5);
                const vector<double> factor = factors(c);
                for_paths([&](const Path& path) {
                    const Result r = run(path, c);
                    vector<double> sum, dbranch;
                    for (std::size_t i = 0; i < factor.size(); ++i) {
                        sum.push_back(c.x[i] + c.branch[i] * factor[i]);
                        dbranch.push_back(r.dx[i] * factor[i]);
                    }
                    expect_close(r.sum, sum, 3e-7, 3e-7, "sum");
                    expect_close(r.dbranch, dbranch, 3e-7, 0, "dbranch");

                    const LayerNormKernels& norm = path.of(layer_norm_kernels);
                    vector<float> y(r.sum.size()), mean(r.mean.size()), rstd(mean), dx(y), dgain(c.gain), dbias(dgain);
                    norm.forward({path.at(r.sum), path.at(c.gain), path.at(c.bias), path.at(y), path.at(mean),
                                  path.at(rstd), rows, width, 1e-5F});
                    EXPECT_EQ(y, r.normed);
                    EXPECT_EQ(mean, r.mean);
                    EXPECT_EQ(rstd, r.rstd);
                    vector<float> workspace(static_cast<std::size_t>(norm.backward_workspace(rows, width)));
                    norm.backward({path.at(c.dnormed), path.at(r.sum), path.at(c.gain), path.at(mean), path.at(rstd),
                                   path.at(dx), path.at(dgain), path.at(dbias), false, path.at(workspace), rows,
                                   width});
                    for (std::size_t i = 0; i < dx.size(); ++i) dx[i] += c.dsum[i];
                    expect_close(r.dx, wide(dx), 3e-7, 3e-7, "dx");
                    EXPECT_EQ(dgain, r.dgain);
                    EXPECT_EQ(dbias, r.dbias);
                });
            }
        }
    }
}

TEST(ResidualLayerNormKernels, GradientOfTheSumIsOptional) {
    for_paths([&](const Path& path) {
        Case c(7, 33, 0.1, 7);
        c.dsum.assign(c.dsum.size(), 0.0F);
        const Result zeros = run(path, c);
        c.dsum.clear();
        EXPECT_EQ(zeros.dx, run(path, c).dx);
    });
}

TEST(ResidualLayerNormKernels, BuffersMayBeShared) {
    for (const double dropout : {0.0, 0.3}) {
        const Case c(11, 50, dropout);
        for_paths([&](const Path& path) {
            const Result apart = run(path, c);
            Result r = apart;
            vector<float> x = c.x;
            path.kernels.forward({path.at(x), path.at(c.branch), path.at(c.gain), path.at(c.bias), path.at(x),
                                  path.at(r.normed), path.at(r.mean), path.at(r.rstd), 11, 50, 1e-5F, dropout, c.stream,
                                  c.elements_per_sample});
            EXPECT_EQ(x, apart.sum);
            EXPECT_EQ(r.normed, apart.normed);
            vector<float> workspace(static_cast<std::size_t>(path.kernels.backward_workspace(11, 50)));
            const auto backward = [&](const vector<float>& dnormed, const vector<float>& dsum, vector<float>& dx,
                                      float* dbranch) {
                path.kernels.backward({path.at(dnormed), path.at(dsum), path.at(apart.sum), path.at(c.gain),
                                       path.at(apart.mean), path.at(apart.rstd), path.at(dx), dbranch, path.at(r.dgain),
                                       path.at(r.dbias), false, path.at(workspace), 11, 50, dropout, c.stream,
                                       c.elements_per_sample});
            };
            vector<float> in_dnormed = c.dnormed;
            backward(in_dnormed, c.dsum, in_dnormed, nullptr);
            EXPECT_EQ(in_dnormed, apart.dx);
            vector<float> in_dsum = c.dsum;
            backward(c.dnormed, in_dsum, in_dsum, dropout == 0 ? path.at(in_dsum) : nullptr);
            EXPECT_EQ(in_dsum, apart.dx);
            EXPECT_EQ(r.dgain, apart.dgain);
        });
    }
}

TEST(ResidualLayerNormKernels, SameBitsWithTwoThreads) {
    const Case c(1030, 96, 0.1, 50);
    for_paths([&](const Path& path) { expect_same_with_two_threads([&] { return run(path, c).all(); }); });
}

TEST(ResidualLayerNormKernels, EveryPathDropsTheSameElements) {
    Case c(60, 37, 0.4, 6);
    c.x.assign(c.x.size(), 0.0F);
    c.branch.assign(c.branch.size(), 1.0F);
    const vector<double> factor = factors(c);
    for_paths([&](const Path& path) {
        const Result r = run(path, c);
        for (std::size_t i = 0; i < factor.size(); ++i) EXPECT_EQ(r.sum[i] == 0, factor[i] == 0) << i;
    });
}

TEST(ResidualLayerNormKernels, ASampleKeepsItsMaskInAnyBatch) {
    const Case both(12, 37, 0.4, 6);
    Case second(6, 37, 0.4, 6);
    second.stream.first_sample += 1;
    std::copy(both.x.begin() + 6 * 37, both.x.end(), second.x.begin());
    std::copy(both.branch.begin() + 6 * 37, both.branch.end(), second.branch.begin());
    for_paths([&](const Path& path) {
        const Result whole = run(path, both);
        const Result part = run(path, second);
        EXPECT_EQ(vector<float>(whole.normed.begin() + 6 * 37, whole.normed.end()), part.normed);
    });
}

}  // namespace

}  // namespace heed::test::residual_layer_norm_kernels_test
