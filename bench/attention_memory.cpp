// Peak bytes of tensors that one attention layer needs for a forward and a backward pass, over the number of tokens. A
// matrix of tokens x tokens anywhere would make the ratio approach 4.
//   bench_attention_memory [dim] [heads]

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "heed/attention/registry.h"
#include "heed/core/device/context.h"
#include "heed/core/module/parameter_store.h"

namespace {

size_t peak_bytes(const heed::AttentionType& type, int64_t dim, int64_t heads, int64_t tokens) {
    using namespace heed;
    Context context;
    const std::unique_ptr<Options> options = type.make_options();
    auto layer = AttentionChoice{&type, dynamic_cast<const AttentionOptions*>(options.get())}.make(
        {dim, heads, AttentionPattern::noncausal_self, tokens});
    ParameterStore store(context, *layer, 1);
    std::vector<float> values(static_cast<size_t>(tokens * dim));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 17) / 17.0f - 0.5f;
    const Variable x =
        context.tape().leaf(Tensor::from_host(context, {1, tokens, dim}, std::span<const float>(values)));
    const Variable y = layer->forward({x, {}, {}}, {.training = true});
    context.tape().backward(y, x.value());
    context.tape().clear();
    return context.allocator().peak_bytes();
}

}  // namespace

int main(int argc, char** argv) {
    const int64_t dim = argc > 1 ? std::atoll(argv[1]) : 64;
    const int64_t heads = argc > 2 ? std::atoll(argv[2]) : 4;
    std::printf("dim %d, %d heads, batch 1\n%-10s %8s %12s %6s\n", static_cast<int>(dim), static_cast<int>(heads),
                "type", "tokens", "peak bytes", "ratio");
    for (const heed::AttentionType& type : heed::attention_types()) {
        double before = 0.0;
        for (int64_t tokens = 1024; tokens <= 16384; tokens *= 2) {
            const double bytes = static_cast<double>(peak_bytes(type, dim, heads, tokens));
            std::printf("%-10s %8d %12.0f", type.name, static_cast<int>(tokens), bytes);
            if (before > 0.0) {
                std::printf(" %6.2f\n", bytes / before);
            } else {
                std::printf(" %6s\n", "");
            }
            before = bytes;
        }
    }
    return 0;
}
