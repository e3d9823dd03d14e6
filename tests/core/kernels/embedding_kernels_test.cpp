// ctest: cuda
// ctest: processors 2
#include "heed/core/kernels/embedding_kernels.h"

#include "heed/tests/support/kernel_paths.h"

namespace heed::test::embedding_kernels_test {

namespace {

using Path = KernelPath<EmbeddingKernels>;
using std::vector;

template <class Body>
void for_paths(const Body& body) {
    for_each_path(embedding_kernels, body);
}

/// Ids of which 0 is frequent, as padding is, and some do not occur.
vector<int32_t> some_ids(int64_t count, int64_t vocabulary) {
    vector<int32_t> ids;
    for (int64_t i = 0; i < count; ++i) ids.push_back(i % 3 == 0 ? 0 : static_cast<int32_t>(i * i % vocabulary));
    return ids;
}

vector<float> gradient(const Path& path, const vector<float>& dout, const vector<int32_t>& ids, vector<float> dtable,
                       bool accumulate, int64_t vocabulary, int64_t dim, float scale) {
    const auto count = static_cast<int64_t>(ids.size());
    vector<int32_t> workspace(static_cast<std::size_t>(path.kernels.backward_workspace(count, vocabulary)), -7);
    path.kernels.backward(
        {path.at(dout), path.at(ids), path.at(dtable), accumulate, path.at(workspace), count, vocabulary, dim, scale});
    return dtable;
}

TEST(EmbeddingKernels, MatchTheDefinition) {
    for (const int64_t count : {0, 1, 5, 150}) {
        for (const int64_t vocabulary : {1, 65, 200}) {
            for (const int64_t dim : {1, 3, 16, 33, 65, 192}) {
                SCOPED_TRACE(std::to_string(count) + " of " + std::to_string(vocabulary) + " x " + std::to_string(dim));
                const vector<float> table = numbers(vocabulary * dim, 1);
                const vector<float> dout = numbers(count * dim, 2);
                const vector<int32_t> ids = some_ids(count, vocabulary);
                const float scale = 1.5F;
                vector<double> out, dtable(table.size());
                for (std::size_t i = 0; i < dout.size(); ++i) {
                    const auto width = static_cast<std::size_t>(dim);
                    const std::size_t at = static_cast<std::size_t>(ids[i / width]) * width + i % width;
                    out.push_back(table[at] * 1.5);
                    dtable[at] += dout[i] * 1.5;
                }
                for_paths([&](const Path& path) {
                    vector<float> got(out.size(), 99);
                    path.kernels.forward({path.at(table), path.at(ids), path.at(got), count, dim, scale});
                    expect_close(got, out, 1e-7, 0, "out");
                    const vector<float> start(table.size(), 4.0F);
                    expect_close(gradient(path, dout, ids, start, false, vocabulary, dim, scale), dtable, 1e-6, 1e-5,
                                 "dtable");
                    vector<double> added = dtable;
                    for (double& value : added) value += 4;
                    expect_close(gradient(path, dout, ids, start, true, vocabulary, dim, scale), added, 1e-6, 1e-5,
                                 "accumulated dtable");
                });
            }
        }
    }
}

TEST(EmbeddingKernels, NanReachesItsRowAlone) {
    vector<float> dout(6 * 20, 1.0F);
    dout[3 * 20 + 19] = not_a_number;
    const vector<int32_t> ids = {4, 2, 4, 2, 0, 4};
    for_paths([&](const Path& path) {
        const vector<float> dtable = gradient(path, dout, ids, vector<float>(5 * 20), false, 5, 20, 1);
        for (std::size_t i = 0; i < dtable.size(); ++i) EXPECT_EQ(std::isnan(dtable[i]), i == 2 * 20 + 19) << i;
    });
}

TEST(EmbeddingKernels, SameBitsWithTwoThreads) {
    const vector<float> dout = numbers(5000 * 70, 3);
    const vector<int32_t> ids = some_ids(5000, 1000);
    for_paths([&](const Path& path) {
        expect_same_with_two_threads(
            [&] { return gradient(path, dout, ids, vector<float>(1000 * 70), false, 1000, 70, 1); });
    });
}

}  // namespace

}  // namespace heed::test::embedding_kernels_test
