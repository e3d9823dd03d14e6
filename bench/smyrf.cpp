// A training step (forward and backward) of one attention layer: sdpa against smyrf with two rounds, over the number of
// tokens. The time is the best of several; `sort` is the share of smyrf's hashing and sorting; peak bytes are those of
// the step's tensors.
//   bench_smyrf [--device NAME] [dim] [heads] [batch] [causal]     (default cpu, 256 4 1 0; causal 1: causal
//                                                   self-attention, in blocks as long as a cluster, and sdpa under a
//                                                   causal mask)

#include <getopt.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench_main.h"
#include "heed/attention/registry.h"
#include "heed/attention/smyrf/smyrf_attention.h"
#include "heed/core/cpu/isa.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/module/parameter_store.h"
#include "heed/core/parallel.h"

namespace {

using namespace heed;

std::string device_name = "cpu";

/// With one thread the processor time, which other programs disturb little; else the time of day.
double seconds() {
    timespec now{};
    clock_gettime(thread_count() == 1 && device_name == "cpu" ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class Body>
double best_time(const Body& body) {
    body();
    double best = 1e30;
    int rounds = 0;
    for (const double end = seconds() + 0.6; rounds < 3 || seconds() < end; ++rounds) {
        const double begin = seconds();
        body();
        best = std::min(best, seconds() - begin);
    }
    return best;
}

struct Figures {
    double milliseconds, sort_milliseconds, mebibytes;
};

Figures measure(const AttentionGeometry& geometry, int64_t batch, int64_t tokens, int64_t cluster) {
    Context context(device_name);
    SmyrfOptions options;
    if (cluster > 0) options.cluster = options.block = cluster;
    const AttentionOptions plain;
    const std::unique_ptr<Attention> layer =
        cluster > 0 ? make_smyrf(geometry, options) : AttentionChoice{&attention_type("sdpa"), &plain}.make(geometry);
    ParameterStore store(context, *layer, 1);
    std::vector<float> values(static_cast<size_t>(batch * tokens * geometry.dim));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 7919 % 1001) / 500 - 1;
    const Tensor input = Tensor::from_host(context, {batch, tokens, geometry.dim}, std::span<const float>(values));
    const Tensor first = input.view(0, {1});
    const auto step = [&] {
        store.begin_step();
        {
            const Variable output = layer->forward({context.tape().leaf(input), {}, {}}, {.training = true});
            context.tape().backward(output, input);
        }
        context.tape().clear();
        first.to_vector();  // a number that is read shows that the device has done all before it
    };
    step();
    context.allocator().reset_peak();
    step();
    Figures figures{};
    figures.mebibytes = static_cast<double>(context.allocator().peak_bytes()) / (1 << 20);
    figures.milliseconds = 1e3 * best_time(step);
    if (cluster > 0) {
        SmyrfInputs heads;
        heads.heads.query = heads.heads.key = heads.heads.value = {Variable(input), 0};
        heads.heads.heads = geometry.heads;
        heads.heads.head_dim = geometry.dim / geometry.heads;
        heads.rounds = options.rounds;
        heads.cluster = cluster;
        if (geometry.pattern == AttentionPattern::causal_self) {
            heads.heads.causal = true;
            heads.form = SmyrfForm::causal_self;
            heads.block = options.block;
        }
        const Tensor directions = dynamic_cast<SmyrfAttention&>(*layer).directions(context, {});
        figures.sort_milliseconds = 1e3 * best_time([&] {
                                        smyrf_orders(heads, directions);
                                        first.to_vector();
                                    });
    }
    return figures;
}

void run(int argc, char** argv) {
    const option options[] = {{"device", required_argument, nullptr, 'e'}, {nullptr, 0, nullptr, 0}};
    for (int letter = 0; (letter = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
        if (letter == '?') throw UserError("the options are listed at the top of bench/smyrf.cpp");
        device_name = optarg;
    }
    const auto argument = [&](int i, int64_t otherwise) {
        return argc >= optind + i ? std::atoll(argv[optind + i - 1]) : otherwise;
    };
    AttentionGeometry geometry;
    geometry.dim = argument(1, 256);
    geometry.heads = argument(2, 4);
    const bool causal = argument(4, 0) != 0;
    if (causal) geometry.pattern = AttentionPattern::causal_self;
    const int64_t batch = argument(3, 1);
    std::printf("device %s, %s, %d threads, dim %d, %d heads, batch %d\n", device_name.c_str(), isa_name(active_isa()),
                thread_count(), static_cast<int>(geometry.dim), static_cast<int>(geometry.heads),
                static_cast<int>(batch));
    std::printf("tokens type  cluster  scores %%    step ms   sort ms  faster  peak MiB\n");
    for (const int64_t tokens : {1024, 2048, 4096, 8192}) {
        double dense = 0;
        for (const int64_t cluster : {0, 32, 64, 128}) {
            const Figures figures = measure(geometry, batch, tokens, cluster);
            if (cluster == 0) dense = figures.milliseconds;
            double share = 1;
            if (cluster > 0) {
                const SmyrfForm form = causal ? SmyrfForm::causal_self : SmyrfForm::clusters;
                share = static_cast<double>(smyrf_work(form, tokens, tokens, 2, cluster, cluster).pairs) /
                        static_cast<double>(causal ? tokens * (tokens + 1) / 2 : tokens * tokens);
            }
            std::printf("%6d %-6s %6d %9.1f %10.2f %9.2f %7.2f %9.1f\n", static_cast<int>(tokens),
                        cluster == 0 ? "sdpa" : "smyrf", static_cast<int>(cluster), 100 * share, figures.milliseconds,
                        figures.sort_milliseconds, dense / figures.milliseconds, figures.mebibytes);
            std::fflush(stdout);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    return heed::bench_main([&] { run(argc, argv); });
}
