#include "heed/trainers/kinds/attention_device.h"

#include <fmt/format.h>

#include "heed/attention/attention.h"
#include "heed/attention/registry.h"
#include "heed/core/error.h"

namespace heed {

void check_attention_runs_on(const std::string& device, Module& model) {
    if (device != "cuda") return;
    for (const Attention* layer : attention_layers(model)) {
        const AttentionPattern pattern = layer->geometry().pattern;
        if (layer->capabilities().can_on_cuda(pattern)) continue;
        throw UserError(fmt::format(
            "device cuda: attention type '{}' does {} on the processor alone so far (device=cpu); types that do it on "
            "cuda: {}",
            layer->type(), attention_pattern_name(pattern),
            attention_types_that([&](const AttentionCapabilities& other) { return other.can_on_cuda(pattern); })));
    }
}

}  // namespace heed
