// ctest: cuda
// ctest: processors 2
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "heed/core/cpu/isa.h"
#include "heed/core/cpu/onednn/matrix_product.h"
#include "heed/core/cpu/onednn/version.h"
#include "heed/core/cuda/cuda_device.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/core/reference/matrix_product.h"
#include "heed/tests/core/cpu/product_problem.h"
#include "heed/tests/support/kernel_paths.h"

namespace heed::test::matrix_product_test {

namespace {

std::vector<float> compute_on_cpu(const Problem& problem) {
    return compute([](const MatrixProduct& product) { onednn::matrix_product(product); }, false, problem);
}

void check_all_devices(const Problem& problem) {
    const MatrixProduct& p = problem.product;
    SCOPED_TRACE("rows " + std::to_string(p.rows) + " columns " + std::to_string(p.columns) + " inner " +
                 std::to_string(p.inner) + (p.transpose_a ? " T" : " N") + (p.transpose_b ? "T" : "N") + " alpha " +
                 std::to_string(p.alpha) + " beta " + std::to_string(p.beta) + " bias " +
                 std::to_string(!problem.bias.empty()) + " batch " + std::to_string(p.batch) + " strides " +
                 std::to_string(p.a_row_stride) + " " + std::to_string(p.b_row_stride) + " " +
                 std::to_string(p.c_row_stride) + "; " + std::to_string(p.a_batch_stride) + " " +
                 std::to_string(p.b_batch_stride) + " " + std::to_string(p.c_batch_stride));
    {
        SCOPED_TRACE("cpu");
        check_result(problem, compute_on_cpu(problem));
    }
    {
        SCOPED_TRACE("reference");
        check_result(problem, compute(reference_matrix_product, true, problem));
    }
    if (!cuda_is_tested()) return;
    SCOPED_TRACE("cuda");
    static const std::unique_ptr<Device> cuda = make_cuda_device();
    check_result(problem, compute([](const MatrixProduct& product) { cuda->matrix_product(product); }, false, problem));
}

struct Sizes {
    int64_t rows, columns, inner;
};

/// Runs its tests with one thread: most products here are too small to share.
class MatrixProductTest : public testing::Test {
protected:
    MatrixProductTest() { set_thread_count(1); }
    ~MatrixProductTest() override { set_thread_count(before_); }

private:
    const int before_ = thread_count();
};

TEST_F(MatrixProductTest, EverySizeTranspositionScaleBiasAndStride) {
    const Sizes all_sizes[] = {{1, 1, 1},    {3, 5, 7},    {1, 33, 16}, {17, 1, 65}, {19, 33, 1},
                               {64, 10, 50}, {70, 48, 96}, {0, 5, 3},   {5, 0, 3},   {5, 3, 0}};
    for (const Sizes& size : all_sizes) {
        for_each_transposition([&](bool transpose_a, bool transpose_b) {
            for (float alpha : {1.0f, 0.5f}) {
                for (float beta : {0.0f, 1.0f, -0.25f}) {
                    for (bool bias : {false, true}) {
                        for (int64_t gap : {0, 3}) {
                            check_all_devices(make_problem(size.rows, size.columns, size.inner, transpose_a,
                                                           transpose_b,
                                                           {.alpha = alpha, .beta = beta, .bias = bias, .gap = gap}));
                            if (HasFatalFailure()) return;
                        }
                    }
                }
            }
        });
    }
}

TEST_F(MatrixProductTest, ProductsOfATrainingStep) {
    for (float beta : {0.0f, 1.0f}) {
        // Forward, data gradient, and weight gradients of row strides that do and do not collide in the cache.
        check_all_devices(make_problem(520, 48, 32, false, true, {.beta = beta, .bias = true}));
        check_all_devices(make_problem(513, 27, 39, false, true, {.beta = beta, .bias = true, .gap = 1}));
        check_all_devices(make_problem(150, 32, 48, false, false, {.beta = beta}));
        check_all_devices(make_problem(40, 520, 24, false, false, {.beta = beta}));
        check_all_devices(make_problem(48, 32, 600, true, false, {.beta = beta}));
        check_all_devices(make_problem(64, 64, 300, true, false, {.beta = beta, .gap = 192}));
        check_all_devices(make_problem(64, 80, 520, true, false, {.alpha = 0.5f, .beta = beta, .gap = 448}));
    }
}

TEST_F(MatrixProductTest, Batches) {
    for_each_transposition([&](bool transpose_a, bool transpose_b) {
        for (bool bias : {false, true}) {
            for (float beta : {0.0f, 1.0f}) {
                Extras extras{.beta = beta, .bias = bias, .gap = 2, .batch = 3};
                check_all_devices(make_problem(13, 9, 17, transpose_a, transpose_b, extras));
                extras.share_a = true;
                check_all_devices(make_problem(13, 9, 17, transpose_a, transpose_b, extras));
                extras.share_b = true;
                check_all_devices(make_problem(13, 9, 17, transpose_a, transpose_b, extras));
                extras.share_a = false;
                check_all_devices(make_problem(13, 9, 17, transpose_a, transpose_b, extras));
                extras.share_b = false;
                extras.share_c = true;
                check_all_devices(make_problem(13, 9, 17, transpose_a, transpose_b, extras));
                extras.share_c = false;
                extras.alpha = 0.5f;
                check_all_devices(make_problem(13, 9, 17, transpose_a, transpose_b, extras));
                if (HasFatalFailure()) return;
            }
        }
    });
    check_all_devices(make_problem(4, 4, 4, false, false, {.batch = 0}));
    check_all_devices(make_problem(4, 4, 0, false, false, {.beta = 0.5f, .bias = true, .batch = 2}));
    check_all_devices(make_problem(1, 1, 1, false, true, {.batch = 5}));
}

TEST_F(MatrixProductTest, HeadsThatLieBesideEachOther) {
    // Scores of every head of one sample: q and k are [tokens, heads, head_dim] and stay where they are.
    const int64_t tokens = 11, heads = 3, head_dim = 8;
    Problem problem;
    MatrixProduct& p = problem.product;
    p.transpose_b = true;
    p.rows = p.columns = tokens;
    p.inner = head_dim;
    p.batch = heads;
    p.a_row_stride = p.b_row_stride = heads * head_dim;
    p.a_batch_stride = p.b_batch_stride = head_dim;
    p.c_row_stride = tokens;
    p.c_batch_stride = tokens * tokens;
    problem.a = numbers(tokens * heads * head_dim, 1);
    problem.b = numbers(tokens * heads * head_dim, 2);
    problem.c = std::vector<float>(index(heads * tokens * tokens), not_a_number);
    check_all_devices(problem);
}

TEST_F(MatrixProductTest, NotANumberInAnOperandShows) {
    for (bool bias : {false, true}) {
        Problem problem = make_problem(20, 12, 30, false, true, {.bias = bias});
        problem.a[index(7 * 30 + 5)] = not_a_number;
        const std::vector<float> c = compute_on_cpu(problem);
        for (std::size_t i = 0; i < c.size(); ++i) EXPECT_EQ(std::isnan(c[i]), i / 12 == 7) << i;
    }
}

TEST_F(MatrixProductTest, TheSamePrimitiveTakesTheAddressesOfEachCall) {
    for (uint32_t seed : {1U, 50U, 99U}) {
        check_all_devices(make_problem(33, 20, 24, false, true, {.bias = true}, seed));
        check_all_devices(make_problem(33, 20, 24, false, true, {}, seed));
    }
}

std::vector<Problem> large_problems() {
    std::vector<Problem> problems;
    problems.push_back(make_problem(600, 64, 64, false, true, {.bias = true}));
    problems.push_back(make_problem(300, 64, 96, false, false, {}));
    problems.push_back(make_problem(64, 64, 700, true, false, {.beta = 1, .gap = 192}));
    problems.push_back(make_problem(50, 50, 32, false, true, {.batch = 16}));
    return problems;
}

TEST_F(MatrixProductTest, EqualBitsForEqualThreadsAndCloseForOthers) {
    for (const Problem& problem : large_problems()) {
        std::vector<float> results[2];
        for (int threads : {1, 2}) {
            set_thread_count(threads);
            std::vector<float>& result = results[threads - 1];
            result = compute_on_cpu(problem);
            check_result(problem, result);
            const std::vector<float> again = compute_on_cpu(problem);
            EXPECT_EQ(0, std::memcmp(again.data(), result.data(), result.size() * sizeof(float)));
            std::vector<float> elsewhere;
            std::thread([&] { elsewhere = compute_on_cpu(problem); }).join();
            EXPECT_EQ(0, std::memcmp(elsewhere.data(), result.data(), result.size() * sizeof(float)));
        }
    }
}

template <class Change>
std::string error_of(const Change& change) {
    Problem problem = make_problem(4, 5, 6, false, true, {});
    change(problem.product);
    try {
        compute_on_cpu(problem);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST_F(MatrixProductTest, RefusesStridesAndSizesThatCannotBe) {
    EXPECT_NE(error_of([](MatrixProduct& p) { p.a_row_stride = 5; }).find("[4 x 6] of row stride 5"),
              std::string::npos);
    EXPECT_NE(error_of([](MatrixProduct& p) { p.b_row_stride = 5; }).find("[6 x 5] (transposed) of row stride 5"),
              std::string::npos);
    EXPECT_NE(error_of([](MatrixProduct& p) { p.c_row_stride = 4; }).find("into row stride 4"), std::string::npos);
    EXPECT_NE(error_of([](MatrixProduct& p) { p.rows = -1; }).find("[-1 x 6]"), std::string::npos);
    EXPECT_NE(error_of([](MatrixProduct& p) { p.batch = -2; }).find("batch of -2"), std::string::npos);
    EXPECT_EQ(error_of([](MatrixProduct&) {}), "no error");
}

TEST(OneDnn, VersionHasThreeNumbers) {
    int major = 0, minor = 0, patch = 0;
    ASSERT_EQ(3, std::sscanf(onednn_version(), "%d.%d.%d", &major, &minor, &patch)) << onednn_version();
    EXPECT_GE(major, 2);
}

/// Runs some of the tests above in a process of its own and returns what it and oneDNN print.
std::string run_with_instruction_set(const char* isa) {
    char program[PATH_MAX] = {};
    if (readlink("/proc/self/exe", program, sizeof program - 1) <= 0) return "no path of this program";
    const std::string command =
        std::string("HEED_ISA=") + isa + " ONEDNN_VERBOSE=1 '" + program +
        "' --gtest_filter='MatrixProductTest.ProductsOfATrainingStep:MatrixProductTest.Batches' 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return "no process";
    std::string output;
    char buffer[4096];
    while (const std::size_t count = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, count);
    const int status = pclose(pipe);
    return output + (WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "all passed" : "failed");
}

TEST(OneDnn, ObeysTheInstructionSetThatHeedIsForcedTo) {
    const struct {
        Isa isa;
        const char* name_in_onednn;
    } cases[] = {{Isa::baseline, "isa:Intel SSE4.1\n"}, {Isa::avx2, "isa:Intel AVX2\n"}};
    for (const auto& [isa, name_in_onednn] : cases) {
        if (!isa_available(isa)) continue;
        const std::string output = run_with_instruction_set(isa_name(isa));
        EXPECT_NE(output.find(name_in_onednn), std::string::npos) << output.substr(0, 1000);
        EXPECT_TRUE(output.ends_with("all passed"))
            << output.substr(output.size() - std::min<size_t>(5000, output.size()));
    }
}

}  // namespace

}  // namespace heed::test::matrix_product_test
