#include "heed/attention/conversion/own_weights.h"

#include <algorithm>
#include <array>
#include <map>

#include "heed/attention/conversion/attention_weights.h"

namespace heed {

namespace {

constexpr std::array shared_parts = {"query", "key", "value", "output", "alignment"};

bool is_shared(const std::string& part) {
    return std::any_of(shared_parts.begin(), shared_parts.end(), [&](const std::string& shared) {
        return part == shared + ".weight" || part == shared + ".bias";
    });
}

std::map<std::string, Tensor> own_weights(Attention& layer) {
    const size_t prefix = layer.name().empty() ? 0 : layer.name().size() + 1;
    const bool shares = attention_form(layer).projections;
    std::map<std::string, Tensor> own;
    for (Parameter* parameter : layer.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            const std::string name = part.name.substr(prefix);
            if (!shares || !is_shared(name)) own[name] = parameter->part_value(part);
        }
    }
    return own;
}

}  // namespace

std::vector<std::string> copy_own_weights(Attention& old, Attention& now) {
    std::map<std::string, Tensor> from;
    if (old.type() == now.type()) from = own_weights(old);
    std::vector<std::string> fresh;
    for (auto& [name, value] : own_weights(now)) {
        const auto found = from.find(name);
        if (found == from.end() || found->second.shape() != value.shape()) {
            fresh.push_back(name);
        } else {
            value.copy_from(found->second);
        }
    }
    return fresh;
}

}  // namespace heed
