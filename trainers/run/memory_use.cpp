#include "heed/trainers/run/memory_use.h"

#include <sys/resource.h>

namespace heed {

namespace {

int64_t bytes_of(const Tensor& tensor) {
    return tensor.defined() ? tensor.elements() * static_cast<int64_t>(sizeof(float)) : 0;
}

}  // namespace

MemoryUse memory_use(const ParameterStore& store, Optimizer& optimizer) {
    MemoryUse use;
    for (const ParameterGroup& group : store.groups()) {
        use.parameters += bytes_of(group.values);
        use.gradients += bytes_of(group.gradients);
    }
    for (const OptimizerState& state : optimizer.states()) {
        for (const Tensor& buffer : state.buffers) use.optimizer += bytes_of(buffer);
    }
    use.peak = static_cast<int64_t>(store.context().allocator().peak_bytes());
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) use.process_peak = usage.ru_maxrss * 1024;  // given in units of 1024 bytes
    return use;
}

}  // namespace heed
