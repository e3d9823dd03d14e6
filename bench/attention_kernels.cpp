// Rate of the fused attention kernels against the multiply-add peak of this machine, or on another device.
//
//   bench_attention_kernels [--device NAME] [head_dim ...]     (default cpu, 16 32 64; on another device 64)
//
// Counted are the products alone: 4 n^2 r floating-point operations a head forward, 10 n^2 r backward (the softmax is
// not counted). The peak is what a loop of multiplications and additions reaches in float registers on all threads,
// measured in the same run; on another device than cpu none is known. Each figure is the best of several rounds, on
// packed [batch, tokens, 3, heads, head_dim].

#include <getopt.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench_main.h"
#include "heed/attention/heads/sdpa_kernels.h"
#include "heed/core/cpu/isa.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/core/tensor/tensor.h"

namespace {

using heed::HeadView;
using heed::Tensor;

/// With one thread the processor time, which other programs disturb little; else the time of day.
double seconds() {
    timespec now{};
    clock_gettime(heed::thread_count() == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Shortest time of one call of `body`, within about half a second; `wait` returns when all calls have been done.
template <class Body, class Wait>
double best_time(const Body& body, const Wait& wait) {
    body();
    wait();
    double best = 1e30;
    int calls = 1;
    for (const double end = seconds() + 0.5; seconds() < end;) {
        const double begin = seconds();
        for (int i = 0; i < calls; ++i) body();
        wait();
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
        [&] { heed::parallel_for(heed::thread_count(), 1, [&](int64_t i, int64_t) { keep[i] = chains(rounds); }); },
        [] {});
    return static_cast<double>(2 * 10 * width * rounds * heed::thread_count()) / time;
}

heed::SdpaShape shape_of(int64_t batch, int64_t heads, int64_t tokens, int64_t head_dim) {
    heed::SdpaShape shape{};
    shape.batch = batch;
    shape.heads = heads;
    shape.queries = shape.keys = tokens;
    shape.head_dim = head_dim;
    shape.scale = 1 / std::sqrt(static_cast<float>(head_dim));
    return shape;
}

/// Some thousand scores a head, whatever the number of tokens.
heed::SdpaShape shape_for_processor(int64_t tokens, int64_t head_dim) {
    return shape_of(std::max<int64_t>(1, 64 * 64 * 64 / (tokens * tokens)), 4, tokens, head_dim);
}

/// `peak` in operations a second; 0: not known.
void measure(heed::Context& context, const heed::SdpaShape& shape, double peak) {
    const int64_t n = shape.queries, head_dim = shape.head_dim, width = shape.heads * head_dim;
    std::vector<float> values(static_cast<size_t>(shape.batch * n * 3 * width));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 7919 % 1001) / 500 - 1;
    const Tensor qkv = Tensor::from_host(context, {shape.batch, n, 3 * width}, std::span<const float>(values));
    values.assign(values.size() / 3, 0.5F);
    const Tensor d_out = Tensor::from_host(context, {shape.batch, n, width}, std::span<const float>(values));
    const Tensor d_qkv = Tensor::empty(context, qkv.shape()), out = Tensor::empty(context, d_out.shape());
    const Tensor log_sum_exp = Tensor::empty(context, {shape.batch, shape.heads, n});
    const auto packed = [&](const Tensor& data, int64_t role) {
        return HeadView{data.f32() + role * width, n * 3 * width, 3 * width, head_dim};
    };
    const auto plain = [&](const Tensor& data) { return HeadView{data.f32(), n * width, width, head_dim}; };
    const heed::SdpaKernels& kernels = heed::sdpa_kernels(qkv);
    const Tensor workspace = Tensor::empty(context, {kernels.workspace(shape)});
    const heed::SdpaForward forward{.shape = shape,
                                    .query = as_const(packed(qkv, 0)),
                                    .key = as_const(packed(qkv, 1)),
                                    .value = as_const(packed(qkv, 2)),
                                    .output = plain(out),
                                    .log_sum_exp = log_sum_exp.f32(),
                                    .workspace = workspace.f32()};
    const heed::SdpaBackward backward{.shape = shape,
                                      .query = forward.query,
                                      .key = forward.key,
                                      .value = forward.value,
                                      .output = as_const(forward.output),
                                      .log_sum_exp = log_sum_exp.f32(),
                                      .d_output = as_const(plain(d_out)),
                                      .d_query = packed(d_qkv, 0),
                                      .d_key = packed(d_qkv, 1),
                                      .d_value = packed(d_qkv, 2),
                                      .workspace = workspace.f32()};
    const double pairs =
        static_cast<double>(shape.batch * shape.heads * n) * static_cast<double>(shape.causal ? n + 1 : 2 * n) / 2;
    const double products = pairs * static_cast<double>(head_dim);
    // A number that is read shows that the device has done all before it.
    const auto wait = [&] { log_sum_exp.slice(0, 1).to_vector(); };
    const double forward_time = best_time([&] { kernels.forward(forward); }, wait);
    const double backward_time = best_time([&] { kernels.backward(backward); }, wait);
    const double forward_rate = 4 * products / forward_time, backward_rate = 10 * products / backward_time;
    const auto share = [&](double rate) {
        return peak > 0 ? std::to_string(static_cast<int>(std::lround(100 * rate / peak))) + " %" : "-";
    };
    std::printf("%5ld %5ld %5ld %8ld %9s %6s %7.1f %10.3f %8.1f %5s %10.3f %8.1f %5s\n", static_cast<long>(shape.batch),
                static_cast<long>(shape.heads), static_cast<long>(n), static_cast<long>(head_dim),
                name_of(shape.precision), shape.causal ? "yes" : "no", static_cast<double>(shape.dropout),
                forward_time * 1e3, forward_rate * 1e-9, share(forward_rate).c_str(), backward_time * 1e3,
                backward_rate * 1e-9, share(backward_rate).c_str());
    std::fflush(stdout);
}

void print_titles() {
    std::printf(
        "batch heads     n head_dim precision causal dropout forward_ms GFLOP/s  peak backward_ms GFLOP/s  peak\n");
}

void measure_processor(std::vector<int64_t> head_dims) {
    if (head_dims.empty()) head_dims = {16, 32, 64};
    heed::Context context;
    const double peak = peak_rate();
    std::printf("%s, %d threads, peak %.1f GFLOP/s\n", heed::isa_name(heed::active_isa()), heed::thread_count(),
                peak * 1e-9);
    print_titles();
    for (const int64_t head_dim : head_dims) {
        for (const int64_t n : {50, 65, 197, 512, 1024, 2048}) measure(context, shape_for_processor(n, head_dim), peak);
    }
    heed::SdpaShape causal = shape_for_processor(1024, 64), dropout = shape_for_processor(65, 64);
    causal.causal = true;
    dropout.dropout = 0.1F;
    measure(context, causal, peak);
    measure(context, dropout, peak);
}

/// Shapes that fill a card: those of ViT-B/16, of BERT-base and of a long text.
void measure_device(const std::string& device, std::vector<int64_t> head_dims) {
    if (head_dims.empty()) head_dims = {64};
    heed::Context context(device);
    std::printf("device %s\n", device.c_str());
    print_titles();
    for (const int64_t head_dim : head_dims) {
        heed::SdpaShape causal = shape_of(4, 8, 2048, head_dim);
        causal.causal = true;
        for (heed::SdpaShape shape : {shape_of(64, 12, 197, head_dim), shape_of(16, 12, 512, head_dim),
                                      shape_of(4, 8, 2048, head_dim), causal}) {
            for (const heed::Precision precision : {heed::Precision::f32, heed::Precision::bf16}) {
                shape.precision = precision;
                measure(context, shape, 0);
            }
        }
    }
}

void run(int argc, char** argv) {
    const option options[] = {{"device", required_argument, nullptr, 'e'}, {nullptr, 0, nullptr, 0}};
    std::string device = "cpu";
    for (int letter = 0; (letter = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
        if (letter == '?') throw heed::UserError("the options are listed at the top of bench/attention_kernels.cpp");
        device = optarg;
    }
    std::vector<int64_t> head_dims;
    for (int i = optind; i < argc; ++i) head_dims.push_back(std::clamp(std::atoi(argv[i]), 1, 512));
    device == "cpu" ? measure_processor(head_dims) : measure_device(device, head_dims);
}

}  // namespace

int main(int argc, char** argv) {
    return heed::bench_main([&] { run(argc, argv); });
}
