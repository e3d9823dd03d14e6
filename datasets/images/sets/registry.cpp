#include "heed/datasets/images/sets/registry.h"

#include <fmt/core.h>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/images/sets/cifar.h"
#include "heed/datasets/images/sets/fashion_mnist.h"
#include "heed/datasets/images/sets/image_folder.h"
#include "heed/datasets/images/sets/mnist.h"
#include "heed/datasets/images/sets/own_idx.h"

namespace heed {

std::optional<ImageShape> ImageDataSet::shape_with(const ImageDataOptions& options) const {
    if (shape) return shape(options);
    const std::optional<ImageFacts> known = facts_with(options);
    return known ? std::optional(known->shape) : std::nullopt;
}

std::optional<ImageFacts> ImageDataSet::facts_with(const ImageDataOptions& options) const {
    std::optional<ImageFacts> result = facts;
    if (result && adapt_facts) adapt_facts(*result, options);
    return result;
}

const std::vector<ImageDataSet>& image_data_sets() {
    static const std::vector<ImageDataSet> sets = {fashion_mnist(), mnist(),        cifar10(),
                                                   cifar100(),      image_folder(), own_idx()};
    return sets;
}

const ImageDataSet& image_data_set(std::string_view name) {
    std::vector<std::string> names;
    for (const ImageDataSet& set : image_data_sets()) {
        if (set.name == name) {
            return set;
        }
        names.push_back(set.name);
    }
    throw UserError(
        fmt::format("data.name expects {}, got {}{}", listed(names, " or "), quote(name), did_you_mean(name, names)));
}

}  // namespace heed
