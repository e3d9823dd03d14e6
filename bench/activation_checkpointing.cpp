// Memory and time of training steps with and without activation checkpointing: a vision transformer (dim 192, 3 heads,
// MLP 768, images of 224 x 224 in patches of 16, batch 8) of several depths. The two are measured in turn, one step
// each; times are medians.
//   bench_activation_checkpointing [rounds]

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "heed/attention/registry.h"
#include "heed/core/device/context.h"
#include "heed/core/module/parameter_store.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/layers/models/vit.h"

namespace heed {
namespace {

constexpr int64_t batch = 8;

class Steps {
public:
    Steps(int64_t depth, bool checkpoint) {
        VitOptions options;
        options.dim = 192;
        options.heads = 3;
        options.depth = depth;
        options.mlp_dim = 768;
        options.patch = 16;
        options.checkpoint_activations = checkpoint;
        model_ = make_vit(options, {&attention_type("sdpa"), &attention_}, {3, 224, 224, 100});
        store_ = std::make_unique<ParameterStore>(context_, *model_, 1);
        images_ = Tensor::zeros(context_, {batch, 3, 224, 224});
        targets_ = Tensor::zeros(context_, {batch}, DType::i32);
    }

    /// Seconds of a forward and a backward pass.
    double step() {
        const auto start = std::chrono::steady_clock::now();
        store_->begin_step();
        {
            const CrossEntropyResult loss = cross_entropy(model_->forward(images_, {.training = true}), targets_, 0.0f);
            context_.tape().backward(loss.loss);
        }
        context_.tape().clear();
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }

    size_t peak_bytes() { return context_.allocator().peak_bytes(); }

private:
    Context context_;
    AttentionOptions attention_;
    std::unique_ptr<ImageClassifier> model_;
    std::unique_ptr<ParameterStore> store_;
    Tensor images_, targets_;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace
}  // namespace heed

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 7;
    std::printf("%5s %22s %22s\n%5s %11s %10s %11s %10s %8s %6s\n", "", "without", "with", "depth", "MiB", "ms", "MiB",
                "ms", "memory", "time");
    for (const int64_t depth : {6, 12, 24}) {
        heed::Steps plain(depth, false), checkpointed(depth, true);
        std::vector<double> times[2];
        plain.step();
        checkpointed.step();
        for (int round = 0; round < rounds; ++round) {
            times[0].push_back(plain.step());
            times[1].push_back(checkpointed.step());
        }
        const double bytes[2] = {static_cast<double>(plain.peak_bytes()),
                                 static_cast<double>(checkpointed.peak_bytes())};
        const double seconds[2] = {heed::median(times[0]), heed::median(times[1])};
        std::printf("%5d %11.1f %10.0f %11.1f %10.0f %8.2f %6.2f\n", static_cast<int>(depth), bytes[0] / (1 << 20),
                    1e3 * seconds[0], bytes[1] / (1 << 20), 1e3 * seconds[1], bytes[1] / bytes[0],
                    seconds[1] / seconds[0]);
    }
    return 0;
}
