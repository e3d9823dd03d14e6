#include "heed/trainers/benchmark/attention_passes.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "heed/core/random/random.h"

namespace heed {

namespace {

constexpr uint64_t benchmark_seed = 1;

Tensor normal_values(Context& context, const Shape& shape, std::string_view name) {
    constexpr int64_t piece = 4096;
    Tensor tensor = Tensor::empty(context, shape);
    if (!context.device().computes()) return tensor;
    RandomSequence random(random_key(benchmark_seed, RandomPurpose::augmentation, name));
    std::vector<float> values(piece);
    for (int64_t begin = 0; begin < tensor.elements(); begin += piece) {
        const int64_t count = std::min(piece, tensor.elements() - begin);
        for (float& value : values) value = random.normal();
        tensor.view(begin, {count}).copy_from_host(values.data());
    }
    return tensor;
}

/// Returns when the device has computed this.
void wait_for(const Tensor& tensor) {
    if (tensor.context().device().shares_host_memory() || tensor.elements() == 0) return;
    float value = 0.0f;
    tensor.view(0, {1}).copy_to_host(&value);
}

class PassClock {
public:
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Leaves nothing on the tape of a pass, also of one that an error ends.
struct TapeCleaner {
    Tape& tape;
    ~TapeCleaner() { tape.clear(); }
};

}  // namespace

AttentionPassInputs::AttentionPassInputs(Context& context, const AttentionBenchmarkOptions& options,
                                         AttentionPattern pattern, int64_t length) {
    const Shape shape = {options.batch, length, options.dim};
    query = normal_values(context, shape, "query");
    if (is_cross(pattern)) source = normal_values(context, shape, "source");
    d_output = normal_values(context, shape, "gradient");
}

AttentionPasses::AttentionPasses(const AttentionBenchmarkOptions& options, const BenchmarkedType& type,
                                 AttentionPattern pattern, int64_t length)
    : layer_(type.choice().make({options.dim, options.heads, pattern, length, is_cross(pattern) ? length : 0})),
      multiplies_(static_cast<double>(options.batch) * static_cast<double>(layer_->multiplies(length, length))) {}

AttentionPassCost AttentionPasses::run(Context& context, const AttentionPassInputs& inputs) {
    if (!store_) store_ = std::make_unique<ParameterStore>(context, *layer_, benchmark_seed);
    store_->begin_step();
    CachingAllocator& memory = context.allocator();
    memory.reset_peak();
    const size_t before = memory.bytes_in_use();
    const auto taken = [&] { return static_cast<int64_t>(memory.peak_bytes() - before); };
    Tape& tape = context.tape();
    const TapeCleaner cleaner{tape};
    const ForwardState state = {.training = true, .seed = benchmark_seed, .step = passes_++};
    AttentionPassCost cost;
    const PassClock clock;
    const Variable query = tape.leaf(inputs.query);
    const Variable source = inputs.source.defined() ? tape.leaf(inputs.source) : Variable();
    const Variable output = layer_->forward({query, source, {}}, state);
    wait_for(output.value());
    cost.forward_seconds = clock.seconds();
    cost.forward_bytes = taken();
    if (output.requires_gradient()) tape.backward(output, inputs.d_output);  // zeros of the type none have none
    wait_for(inputs.d_output);
    cost.total_seconds = clock.seconds();
    cost.total_bytes = taken();
    return cost;
}

}  // namespace heed
