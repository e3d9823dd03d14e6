// ctest: cuda
// ctest: processors 2
#include "heed/core/kernels/token_assembly_kernels.h"

#include "heed/tests/support/kernel_paths.h"

namespace heed::test::token_assembly_kernels_test {

namespace {

using Path = KernelPath<TokenAssemblyKernels>;
using std::vector;

template <class Body>
void for_paths(const Body& body) {
    for_each_path(token_assembly_kernels, body);
}

struct Case {
    int64_t batch, tokens, dim;
    bool has_class, has_positions;

    [[nodiscard]] int64_t length() const { return tokens + (has_class ? 1 : 0); }
};

template <class Body>
void for_cases(const Body& body) {
    for (const int64_t batch : {0, 1, 5, 20}) {
        for (const int64_t tokens : {0, 1, 6, 17}) {
            for (const int64_t dim : {1, 3, 7, 16, 33, 192}) {
                for (const bool has_class : {false, true}) {
                    for (const bool has_positions : {false, true}) {
                        SCOPED_TRACE(std::to_string(batch) + " x " + std::to_string(tokens) + " x " +
                                     std::to_string(dim) + (has_class ? " class" : "") +
                                     (has_positions ? " positions" : ""));
                        body(Case{batch, tokens, dim, has_class, has_positions});
                    }
                }
            }
        }
    }
}

TEST(TokenAssemblyKernels, PutTheClassTokenFirstAndAddPositions) {
    for_cases([](const Case& c) {
        const vector<float> x = numbers(c.batch * c.tokens * c.dim, 1);
        const vector<float> class_token = numbers(c.has_class ? c.dim : 0, 2);
        const vector<float> positions = numbers(c.has_positions ? c.length() * c.dim : 0, 3);
        vector<float> want;
        auto next = x.begin();
        for (int64_t b = 0; b < c.batch; ++b) {
            for (int64_t i = 0; i < c.length() * c.dim; ++i) {
                const auto k = static_cast<std::size_t>(i);
                const float value = c.has_class && i < c.dim ? class_token[k] : *next++;
                want.push_back(value + (c.has_positions ? positions[k] : 0.0F));
            }
        }
        for_paths([&](const Path& path) {
            vector<float> out(want.size(), 99);
            path.kernels.forward(
                {path.at(x), path.at(class_token), path.at(positions), path.at(out), c.batch, c.tokens, c.dim});
            EXPECT_EQ(out, want);
        });
    });
}

TEST(TokenAssemblyKernels, GradientsAreSumsOverTheBatch) {
    for_cases([](const Case& c) {
        const int64_t size = c.length() * c.dim;
        const int64_t class_size = c.has_class ? c.dim : 0;
        const vector<float> dout = numbers(c.batch * size, 4);
        vector<float> want_dx;
        vector<double> sums(static_cast<std::size_t>(size));
        for (std::size_t i = 0; i < dout.size(); ++i) {
            const std::size_t k = i % sums.size();
            sums[k] += dout[i];
            if (k >= static_cast<std::size_t>(class_size)) want_dx.push_back(dout[i]);
        }
        for_paths([&](const Path& path) {
            for (const bool accumulate : {false, true}) {
                vector<float> dx(want_dx.size(), 99);
                vector<float> dclass(static_cast<std::size_t>(class_size), 2);
                vector<float> dpositions(static_cast<std::size_t>(c.has_positions ? size : 0), 3);
                path.kernels.backward({path.at(dout), path.at(dx), path.at(dclass), path.at(dpositions), c.has_class,
                                       accumulate, accumulate, c.batch, c.tokens, c.dim});
                EXPECT_EQ(dx, want_dx);
                vector<double> want_class(sums.begin(), sums.begin() + class_size);
                for (double& value : want_class) value += accumulate ? 2 : 0;
                expect_close(dclass, want_class, 1e-6, 1e-5, "dclass");
                vector<double> want_positions = c.has_positions ? sums : vector<double>();
                for (double& value : want_positions) value += accumulate ? 3 : 0;
                expect_close(dpositions, want_positions, 1e-6, 1e-5, "dpositions");
            }
        });
    });
}

TEST(TokenAssemblyKernels, EachGradientIsOptional) {
    const vector<float> dout = numbers(4 * 6 * 9, 5);
    for_paths([&](const Path& path) {
        vector<float> dx(4 * 5 * 9), dclass(9), dpositions(6 * 9);
        path.kernels.backward(
            {path.at(dout), path.at(dx), path.at(dclass), path.at(dpositions), true, false, false, 4, 5, 9});
        vector<float> one(dclass.size());
        path.kernels.backward({path.at(dout), nullptr, path.at(one), nullptr, true, false, false, 4, 5, 9});
        EXPECT_EQ(one, dclass);
        one.resize(dx.size());
        path.kernels.backward({path.at(dout), path.at(one), nullptr, nullptr, true, false, false, 4, 5, 9});
        EXPECT_EQ(one, dx);
        one.resize(dpositions.size());
        path.kernels.backward({path.at(dout), nullptr, nullptr, path.at(one), true, false, false, 4, 5, 9});
        EXPECT_EQ(one, dpositions);
    });
}

TEST(TokenAssemblyKernels, NanStaysWhereItIs) {
    vector<float> x(2 * 3 * 5, 1.0F);
    x[1 * 15 + 2 * 5 + 4] = not_a_number;
    const vector<float> positions(15, 1.0F);
    for_paths([&](const Path& path) {
        vector<float> out(x.size());
        path.kernels.forward({path.at(x), nullptr, path.at(positions), path.at(out), 2, 3, 5});
        for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(std::isnan(out[i]), std::isnan(x[i]));
        vector<float> dpositions(15);
        path.kernels.backward({path.at(x), nullptr, nullptr, path.at(dpositions), false, false, false, 2, 3, 5});
        for (std::size_t i = 0; i < 15; ++i) EXPECT_EQ(std::isnan(dpositions[i]), i == 14);
    });
}

TEST(TokenAssemblyKernels, SameBitsWithTwoThreads) {
    const vector<float> x = numbers(30 * 50 * 64, 6);
    const vector<float> class_token = numbers(64, 7);
    const vector<float> positions = numbers(51 * 64, 8);
    for_paths([&](const Path& path) {
        expect_same_with_two_threads([&] {
            vector<float> out(30 * 51 * 64), dpositions(51 * 64);
            path.kernels.forward({path.at(x), path.at(class_token), path.at(positions), path.at(out), 30, 50, 64});
            path.kernels.backward(
                {path.at(out), nullptr, nullptr, path.at(dpositions), true, false, false, 30, 50, 64});
            out.insert(out.end(), dpositions.begin(), dpositions.end());
            return out;
        });
    });
}

}  // namespace

}  // namespace heed::test::token_assembly_kernels_test
