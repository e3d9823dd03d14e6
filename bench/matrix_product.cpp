// Matrix products of training steps: rate of each in GF/s and as a fraction of the peak of this machine, which is
// measured beside it. Every figure is a median; all figures of a line are taken in turns, so that other load on the
// machine hits them alike. HEED_ISA=avx2 shows the path of machines without AVX-512.

#include <fmt/core.h>
#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "heed/core/cpu/isa.h"
#include "heed/core/cpu/onednn/matrix_product.h"
#include "heed/core/cpu/onednn/version.h"
#include "heed/core/parallel.h"

namespace {

using namespace heed;

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

constexpr int chains = 12;  // independent additions enough to hide their latency
constexpr int64_t fma_rounds = 100000;

// The fastest multiply-adds that each instruction set has. The result is used, so that they are not optimised away.
#define HEED_MULTIPLY_ADDS(name, isa, Vector, set1, multiply_add, lanes)                              \
    __attribute__((target(isa))) float name() {                                                       \
        Vector sums[chains];                                                                          \
        for (Vector & sum : sums) sum = set1(1.0f);                                                   \
        const Vector factor = set1(0.999f), term = set1(0.001f);                                      \
        for (int64_t i = 0; i < fma_rounds; ++i) {                                                    \
            _Pragma("GCC unroll 12") for (Vector & sum : sums) sum = multiply_add(sum, factor, term); \
        }                                                                                             \
        Vector total = sums[0];                                                                       \
        for (int i = 1; i < chains; ++i) total = total + sums[i];                                     \
        return total[0];                                                                              \
    }                                                                                                 \
    constexpr double name##_operations = 2.0 * chains * fma_rounds * (lanes)

#define HEED_SSE_MULTIPLY_ADD(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)
HEED_MULTIPLY_ADDS(multiply_adds_baseline, "sse4.2", __m128, _mm_set1_ps, HEED_SSE_MULTIPLY_ADD, 4);
HEED_MULTIPLY_ADDS(multiply_adds_avx2, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps, 8);
HEED_MULTIPLY_ADDS(multiply_adds_avx512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps, 16);

volatile float sink;

/// Runs the loop once on every thread; returns the number of operations.
double run_multiply_adds() {
    const auto on_every_thread = [](float (*loop)()) {
        parallel_for(thread_count(), 1, [&](int64_t, int64_t) { sink = loop(); });
        return thread_count();
    };
    switch (active_isa()) {
        case Isa::avx512:
            return on_every_thread(multiply_adds_avx512) * multiply_adds_avx512_operations;
        case Isa::avx2:
            return on_every_thread(multiply_adds_avx2) * multiply_adds_avx2_operations;
        default:
            return on_every_thread(multiply_adds_baseline) * multiply_adds_baseline_operations;
    }
}

struct Free {
    void operator()(float* p) const { std::free(p); }
};
/// Memory as tensors have it: 64-byte aligned.
using Values = std::unique_ptr<float, Free>;

Values values(int64_t count) {
    const size_t bytes = (static_cast<size_t>(count) * sizeof(float) + 63) / 64 * 64;
    Values result(static_cast<float*>(std::aligned_alloc(64, bytes)));
    if (!result) throw std::bad_alloc();
    uint32_t state = 1;
    for (int64_t i = 0; i < count; ++i) {
        state = state * 1664525U + 1013904223U;
        result.get()[i] = static_cast<float>(state >> 8) * 0x1p-23F - 1;
    }
    return result;
}

/// A linear layer: y[rows, out] = x[rows, in] weight[out, in]^T + bias, and its gradients.
struct Layer {
    const char* name;
    int64_t rows, in, out;
};

class LinearProducts {
public:
    explicit LinearProducts(const Layer& layer)
        : x_(values(layer.rows * layer.in)),
          y_(values(layer.rows * layer.out)),
          weight_(values(layer.out * layer.in)),
          dweight_(values(layer.out * layer.in)),
          bias_(values(layer.out)) {
        MatrixProduct& forward = products_[0];
        forward.transpose_b = true;
        forward.rows = layer.rows;
        forward.columns = layer.out;
        forward.inner = layer.in;
        forward.a = x_.get();
        forward.b = weight_.get();
        forward.bias = bias_.get();
        forward.c = y_.get();
        MatrixProduct& dx = products_[1];
        dx.rows = layer.rows;
        dx.columns = layer.in;
        dx.inner = layer.out;
        dx.a = y_.get();
        dx.b = weight_.get();
        dx.c = x_.get();
        MatrixProduct& dweight = products_[2];
        dweight.transpose_a = true;
        dweight.rows = layer.out;
        dweight.columns = layer.in;
        dweight.inner = layer.rows;
        dweight.a = y_.get();
        dweight.b = x_.get();
        dweight.c = dweight_.get();
        for (MatrixProduct& p : products_) {
            p.a_row_stride = p.transpose_a ? p.rows : p.inner;
            p.b_row_stride = p.transpose_b ? p.inner : p.columns;
            p.c_row_stride = p.columns;
        }
    }

    static constexpr int count = 3;
    double run(int which) {
        onednn::matrix_product(products_[which]);
        const MatrixProduct& p = products_[which];
        return 2.0 * static_cast<double>(p.rows) * static_cast<double>(p.columns) * static_cast<double>(p.inner);
    }

private:
    Values x_, y_, weight_, dweight_, bias_;
    MatrixProduct products_[count];
};

/// Median of the rates in GF/s.
class Rate {
public:
    template <class Run>
    void measure(const Run& run) {
        const double start = seconds_now();
        const double operations = run();
        rates_.push_back(operations / (seconds_now() - start) * 1e-9);
    }
    double median() {
        std::nth_element(rates_.begin(), rates_.begin() + static_cast<std::ptrdiff_t>(rates_.size() / 2), rates_.end());
        return rates_[rates_.size() / 2];
    }

private:
    std::vector<double> rates_;
};

void print_line(const Layer& layer) {
    LinearProducts products(layer);
    Rate rates[LinearProducts::count + 1];
    for (int i = 0; i < LinearProducts::count; ++i) products.run(i);
    const double start = seconds_now();
    for (int round = 0; round < 9 || seconds_now() - start < 0.2; ++round) {
        for (int i = 0; i < LinearProducts::count; ++i) rates[i].measure([&] { return products.run(i); });
        rates[LinearProducts::count].measure(run_multiply_adds);
    }
    const double peak = rates[LinearProducts::count].median();
    fmt::print("{:<22}{:>6}{:>6}{:>6}{:>9}", layer.name, layer.rows, layer.in, layer.out, thread_count());
    for (int i = 0; i < LinearProducts::count; ++i) {
        fmt::print("{:>10.0f}{:>5.0f}%", rates[i].median(), 100 * rates[i].median() / peak);
    }
    fmt::print("{:>10.0f}\n", peak);
}

}  // namespace

int main() {
    const Layer layers[] = {{"ViT 64: qkv", 2176, 64, 192},           {"ViT 64: projection", 2176, 64, 64},
                            {"ViT 64: MLP up", 2176, 64, 128},        {"ViT 64: MLP down", 2176, 128, 64},
                            {"ViT 128: qkv", 3200, 128, 384},         {"ViT 128: MLP up", 3200, 128, 256},
                            {"ViT 128: MLP down", 3200, 256, 128},    {"ViT 192: qkv", 3152, 192, 576},
                            {"ViT 192: MLP up", 3152, 192, 768},      {"ViT 192: MLP down", 3152, 768, 192},
                            {"ViT 256: qkv", 4160, 256, 768},         {"ViT 256: MLP up", 4160, 256, 512},
                            {"ViT 256: MLP down", 4160, 512, 256},    {"class head", 64, 192, 100},
                            {"transformer 512: MLP", 2048, 512, 2048}};
    const int most_threads = thread_count();
    double load[1] = {};
    if (getloadavg(load, 1) != 1) load[0] = 0;
    fmt::print("oneDNN {}, instruction set {}, load before {:.1f}; GF/s (median), share of the multiply-add peak\n",
               onednn_version(), isa_name(active_isa()), load[0]);
    fmt::print("{:<22}{:>6}{:>6}{:>6}{:>9}{:>16}{:>16}{:>16}{:>10}\n", "layer", "rows", "in", "out", "threads",
               "forward", "data gradient", "weight gradient", "peak");
    for (int threads = 1; threads <= most_threads; threads = std::max(threads + 1, most_threads)) {
        set_thread_count(threads);
        for (const Layer& layer : layers) print_line(layer);
    }
    return 0;
}
