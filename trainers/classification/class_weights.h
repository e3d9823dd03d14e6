#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "heed/trainers/recipe/class_weight_options.h"
#include "heed/trainers/recipe/section_spec.h"

namespace heed {

/// The section of the recipe that says how much each class counts.
SectionSpec class_weight_section();

/// What is known of the training samples' classes.
struct ClassCounts {
    const std::vector<std::string>& names;
    std::vector<int64_t> counts;  ///< samples that have each class
    int64_t samples = 0;
    bool several_labels = false;
};

/// The weights of the classes in the loss, as the recipe says; empty: all count alike. Where a sample has one class
/// they are scaled so that the mean over the training samples is 1. Of several labels each is that of the label's
/// positive term, as it is given. Throws UserError, naming the setting, where they do not fit the classes.
std::vector<float> class_weights(const ClassWeightOptions& options, const ClassCounts& classes);

/// A line for the log, or "" without weights.
std::string class_weights_line(const std::vector<float>& weights, const std::vector<std::string>& names);

/// A warning for the log of the classes that no training `sample` ("image") has, or "".
std::string unseen_classes_line(const std::vector<std::string>& names, const std::vector<int64_t>& counts,
                                const char* sample);

}  // namespace heed
