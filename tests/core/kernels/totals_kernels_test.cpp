// ctest: cuda
#include "heed/core/kernels/totals_kernels.h"

#include "heed/tests/support/kernel_paths.h"

namespace heed::test::totals_kernels_test {

namespace {

using std::vector;

template <class Body>
void for_paths(const Body& body) {
    for_each_path(totals_kernels, body);
}

TEST(TotalsKernels, AddsAMultiple) {
    for_paths([](const auto& path) {
        const vector<double> value = {0.5};
        vector<double> total = {10};
        path.kernels.add(path.at(value), -3, path.at(total));
        EXPECT_EQ(total[0], 8.5);
    });
}

TEST(TotalsKernels, CountsEqualNumbers) {
    for_paths([](const auto& path) {
        const vector<int32_t> a = {1, 2, -1, 4, 5}, b = {1, 3, -1, 4, 0};
        vector<double> total = {10};
        path.kernels.add_equal(path.at(a), path.at(b), 5, path.at(total));
        EXPECT_EQ(total[0], 13);
        path.kernels.add_equal(path.at(a), path.at(b), 0, path.at(total));
        EXPECT_EQ(total[0], 13);
    });
}

TEST(TotalsKernels, CountsRowsThatAreRightInEveryClass) {
    for_paths([](const auto& path) {
        // A logit of 0 says no; the second row is wrong in its last class, the fourth is not a number.
        const vector<float> logits = {1, -2, 0, 3, -1, 1, -1, -1, -1, not_a_number, 1, 1};
        const vector<float> targets = {0.9F, 0.1F, 0.1F, 1, 0, 0, 0, 0, 0, 1, 1, 1};
        vector<double> total = {0};
        path.kernels.add_exact(path.at(logits), path.at(targets), 4, 3, path.at(total));
        EXPECT_EQ(total[0], 2);
    });
}

}  // namespace

}  // namespace heed::test::totals_kernels_test
