#include "heed/trainers/recipe/layer_sections.h"

#include <algorithm>
#include <map>
#include <utility>

#include "heed/core/settings/number_text.h"

namespace heed {

namespace {

constexpr int64_t most_layers = 100000;

/// What follows the group in a key: "4-5" of "attention.layers.4-5.cluster".
std::string_view range_text(std::string_view key, const std::string& group) {
    if (!key.starts_with(group + ".")) return {};
    key.remove_prefix(group.size() + 1);
    return key.substr(0, key.find('.'));
}

SectionSpec layer_section(const SectionSpec& owner, std::string_view range) {
    return {.name = layers_group(owner.name) + "." + std::string(range),
            .help = "",
            .selector = owner.selector,
            .default_choice = "",
            .choices = owner.layer_choices,
            .kinds = owner.kinds,
            .short_form = true};
}

}  // namespace

std::optional<LayerRange> parse_layer_range(std::string_view text) {
    const size_t dash = text.find('-');
    const auto number = [](std::string_view digits, int64_t& value) {
        return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos &&
               parse_int(std::string(digits), value) && value < most_layers;
    };
    LayerRange range;
    if (!number(text.substr(0, dash), range.first)) return std::nullopt;
    range.last = range.first;
    if (dash != std::string_view::npos && !number(text.substr(dash + 1), range.last)) return std::nullopt;
    if (range.last < range.first) return std::nullopt;
    return range;
}

std::string layers_group(const std::string& section) {
    return section + ".layers";
}

std::optional<LayerRange> layers_of(const std::string& name, const std::string& section) {
    return parse_layer_range(range_text(name, layers_group(section)));
}

RecipeSpec with_layer_sections(const RecipeSpec& spec, const std::vector<RecipeLevel>& given) {
    RecipeSpec extended;
    for (const SectionSpec& section : spec) {
        extended.push_back(section);
        if (section.layer_choices.empty()) continue;
        const std::string group = layers_group(section.name);
        std::map<std::pair<int64_t, int64_t>, std::string> ranges;
        for (const RecipeLevel& level : given) {
            for (const GivenValue& value : level) {
                const std::string_view text = range_text(value.key, group);
                if (const auto range = parse_layer_range(text)) ranges[{range->first, range->last}] = text;
            }
        }
        for (const auto& [range, text] : ranges) extended.push_back(layer_section(section, text));
    }
    return extended;
}

}  // namespace heed
