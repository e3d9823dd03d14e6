#include "heed/trainers/recipe/section_spec.h"

#include <algorithm>

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

std::vector<std::string> SectionSpec::choice_names(const std::string& kind) const {
    std::vector<std::string> names;
    for (const SectionChoice& candidate : choices) {
        if (candidate.kind.empty() || candidate.kind == kind) names.push_back(candidate.name);
    }
    return names;
}

bool SectionSpec::is_for(const std::string& kind) const {
    return kinds.empty() || std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

}  // namespace heed
