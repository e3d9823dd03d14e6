#include "heed/trainers/recipe/section_spec.h"

namespace heed {

const SectionChoice* SectionSpec::find(const std::string& choice) const {
    for (const SectionChoice& candidate : choices) {
        if (candidate.name == choice) return &candidate;
    }
    return nullptr;
}

std::vector<std::string> SectionSpec::choice_names() const {
    std::vector<std::string> names;
    for (const SectionChoice& candidate : choices) names.push_back(candidate.name);
    return names;
}

}  // namespace heed
