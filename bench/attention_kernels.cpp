// Rate of the fused attention kernels against the multiply-add peak of this machine.
//
//   bench_attention_kernels [head_dim ...]     (default 16 32 64)
//
// Counted are the products alone: 4 n^2 r floating-point operations a head forward, 10 n^2 r backward (the softmax is
// not counted). The peak is what a loop of multiplications and additions reaches in float registers on all threads,
// measured in the same run. Each figure is the best of several rounds, on packed [batch, tokens, 3, heads, head_dim].

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "heed/attention/heads/sdpa_kernels.h"
#include "heed/core/cpu/isa.h"
#include "heed/core/parallel.h"

namespace {

using heed::HeadView;

/// With one thread the processor time, which other programs disturb little; else the time of day.
double seconds() {
    timespec now{};
    clock_gettime(heed::thread_count() == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Shortest time of one call of `body`, within about half a second.
template <class Body>
double best_time(const Body& body) {
    body();
    double best = 1e30;
    int calls = 1;
    for (const double end = seconds() + 0.5; seconds() < end;) {
        const double begin = seconds();
        for (int i = 0; i < calls; ++i) body();
        const double time = seconds() - begin;
        best = std::min(best, time / calls);
        if (time < 2e-3) calls *= 2;
    }
    return best;
}

typedef float Vector4 __attribute__((vector_size(16)));
typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));

/// Ten independent chains of vector multiply-adds, which is enough to hide their latency.
template <class Vector>
__attribute__((always_inline)) inline float multiply_add_chains(int64_t rounds) {
    Vector sum[10];
    for (int i = 0; i < 10; ++i) sum[i] = Vector{} + static_cast<float>(i);
    const Vector a = Vector{} + 0.999F, b = Vector{} + 0.001F;
    for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 10
        for (Vector& s : sum) s = s * a + b;
    }
    Vector total = {};
    for (const Vector& s : sum) total += s;
    return total[0];
}

float chains_baseline(int64_t rounds) {
    return multiply_add_chains<Vector4>(rounds);
}
__attribute__((target("avx2,fma"))) float chains_avx2(int64_t rounds) {
    return multiply_add_chains<Vector8>(rounds);
}
__attribute__((target("avx512f"))) float chains_avx512(int64_t rounds) {
    return multiply_add_chains<Vector16>(rounds);
}

/// Floating-point operations a second.
double peak_rate() {
    const heed::Isa isa = heed::active_isa();
    const int64_t width = isa == heed::Isa::avx512 ? 16 : isa == heed::Isa::avx2 ? 8 : 4;
    float (*chains)(int64_t) = chains_baseline;
    if (isa == heed::Isa::avx2) chains = chains_avx2;
    if (isa == heed::Isa::avx512) chains = chains_avx512;
    const int64_t rounds = 200000;
    std::vector<float> keep(static_cast<size_t>(heed::thread_count()));
    const double time = best_time(
        [&] { heed::parallel_for(heed::thread_count(), 1, [&](int64_t i, int64_t) { keep[i] = chains(rounds); }); });
    return static_cast<double>(2 * 10 * width * rounds * heed::thread_count()) / time;
}

void measure(int64_t n, int64_t head_dim, bool causal, float dropout, double peak) {
    heed::SdpaShape shape{};
    shape.heads = 4;
    shape.batch = std::max<int64_t>(1, 64 * 64 * 64 / (n * n));
    shape.queries = shape.keys = n;
    shape.head_dim = head_dim;
    shape.scale = 1 / std::sqrt(static_cast<float>(head_dim));
    shape.causal = causal;
    shape.dropout = dropout;
    const int64_t width = shape.heads * head_dim, tokens = shape.batch * n;
    std::vector<float> qkv(tokens * 3 * width), d_qkv(qkv.size()), out(tokens * width), d_out(out.size(), 0.5F);
    std::vector<float> log_sum_exp(shape.heads * tokens);
    for (size_t i = 0; i < qkv.size(); ++i) qkv[i] = static_cast<float>(i * 7919 % 1001) / 500 - 1;
    const auto packed = [&](std::vector<float>& data, int64_t role) {
        return HeadView{data.data() + role * width, n * 3 * width, 3 * width, head_dim};
    };
    const auto plain = [&](std::vector<float>& data) { return HeadView{data.data(), n * width, width, head_dim}; };
    const heed::SdpaKernels& kernels = heed::sdpa_cpu();
    std::vector<float> workspace(kernels.workspace(shape));
    const heed::SdpaForward forward{.shape = shape,
                                    .query = as_const(packed(qkv, 0)),
                                    .key = as_const(packed(qkv, 1)),
                                    .value = as_const(packed(qkv, 2)),
                                    .output = plain(out),
                                    .log_sum_exp = log_sum_exp.data(),
                                    .workspace = workspace.data()};
    const heed::SdpaBackward backward{.shape = shape,
                                      .query = forward.query,
                                      .key = forward.key,
                                      .value = forward.value,
                                      .output = as_const(forward.output),
                                      .log_sum_exp = log_sum_exp.data(),
                                      .d_output = as_const(plain(d_out)),
                                      .d_query = packed(d_qkv, 0),
                                      .d_key = packed(d_qkv, 1),
                                      .d_value = packed(d_qkv, 2),
                                      .workspace = workspace.data()};
    const double pairs =
        static_cast<double>(shape.batch * shape.heads * n) * static_cast<double>(causal ? n + 1 : 2 * n) / 2;
    const double products = pairs * static_cast<double>(head_dim);
    const double forward_time = best_time([&] { kernels.forward(forward); });
    const double backward_time = best_time([&] { kernels.backward(backward); });
    const double forward_rate = 4 * products / forward_time, backward_rate = 10 * products / backward_time;
    std::printf("%5ld %8ld %6s %7.1f %10.3f %7.1f %4.0f %% %10.3f %7.1f %4.0f %%\n", static_cast<long>(n),
                static_cast<long>(head_dim), causal ? "yes" : "no", static_cast<double>(dropout), forward_time * 1e3,
                forward_rate * 1e-9, 100 * forward_rate / peak, backward_time * 1e3, backward_rate * 1e-9,
                100 * backward_rate / peak);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<int64_t> head_dims;
    for (int i = 1; i < argc; ++i) head_dims.push_back(std::clamp(std::atoi(argv[i]), 1, 512));
    if (head_dims.empty()) head_dims = {16, 32, 64};
    const double peak = peak_rate();
    std::printf("%s, %d threads, peak %.1f GFLOP/s\n", heed::isa_name(heed::active_isa()), heed::thread_count(),
                peak * 1e-9);
    std::printf("    n head_dim causal dropout forward_ms GFLOP/s  peak backward_ms GFLOP/s  peak\n");
    for (const int64_t head_dim : head_dims) {
        for (const int64_t n : {50, 65, 197, 512, 1024, 2048}) measure(n, head_dim, false, 0, peak);
    }
    measure(1024, 64, true, 0, peak);
    measure(65, 64, false, 0.1F, peak);
    return 0;
}
