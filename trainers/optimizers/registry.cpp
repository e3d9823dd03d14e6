#include "heed/trainers/optimizers/registry.h"

#include "heed/trainers/optimizers/adam.h"
#include "heed/trainers/optimizers/rmsprop.h"
#include "heed/trainers/optimizers/sgd.h"

namespace heed {

const std::vector<SectionChoice>& optimizer_types() {
    static const std::vector<SectionChoice> types = {
        {"adamw", "Adam with decoupled weight decay", new_options<AdamWOptions>},
        {"adam", "Adam with weight decay in the gradient", new_options<AdamOptions>},
        {"rmsprop", "gradients divided by the root of their mean square", new_options<RmsPropOptions>},
        {"sgd", "stochastic gradient descent with momentum", new_options<SgdOptions>},
    };
    return types;
}

}  // namespace heed
