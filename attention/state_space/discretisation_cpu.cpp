#include "heed/attention/state_space/discretised_mode.h"
#include "heed/core/parallel.h"

namespace heed {

namespace {

constexpr int64_t channels_at_once = 32;

void discretisation_forward(const Discretisation& args) {
    parallel_for(args.of.width, channels_at_once, [&](int64_t begin, int64_t end) {
        for (int64_t channel = begin; channel < end; ++channel) discretised::discretise_channel(args, channel);
    });
}

void discretisation_backward(const DiscretisationBackward& args) {
    parallel_for(args.of.width, channels_at_once, [&](int64_t begin, int64_t end) {
        for (int64_t channel = begin; channel < end; ++channel) discretised::discretise_channel_backward(args, channel);
    });
}

constexpr DiscretisationKernels discretisation_on_cpu = {discretisation_forward, discretisation_backward};

}  // namespace

const DiscretisationKernels& discretisation_cpu() {
    return discretisation_on_cpu;
}

}  // namespace heed
