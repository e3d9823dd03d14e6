#include "heed/trainers/checkpoint/fitting_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/files/stored_values.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/checkpoint/checkpoint.h"

namespace heed {

namespace {

constexpr std::string_view positions_name = "positions.weight";
constexpr std::string_view words_name = "embedding.weight";

/// Two neighbours of a place and the share of the second.
struct Between {
    int64_t first, second;
    double share;
};

/// Where the centre of cell `index` of `count` lies among the centres of `cells`.
Between between(int64_t index, int64_t count, int64_t cells) {
    const double place = (static_cast<double>(index) + 0.5) * static_cast<double>(cells) / static_cast<double>(count);
    const double centre = std::clamp(place - 0.5, 0.0, static_cast<double>(cells - 1));
    const auto first = static_cast<int64_t>(centre);
    return {first, std::min(first + 1, cells - 1), centre - static_cast<double>(first)};
}

bool begins_with_any(const std::string& name, const std::vector<std::string>& beginnings) {
    return std::any_of(beginnings.begin(), beginnings.end(),
                       [&](const std::string& beginning) { return name.starts_with(beginning); });
}

std::string grid_text(const PatchGrid& grid) {
    return fmt::format("{} x {}", grid.rows, grid.columns);
}

/// A table of positions for a target of another length or grid; nothing where there is no way.
std::optional<std::vector<float>> fitted_positions(const StoredTensor& stored, const Tensor& target,
                                                   const WeightsFit& fit, FittedWeights& result) {
    const Shape shape = target.shape();
    if (stored.shape.size() != 2 || shape.rank() != 2 || stored.shape[1] != shape[1]) return {};
    const std::vector<float> values = f32_values(stored);
    std::vector<float> now = target.to_vector();
    if (fit.to) {
        if (!fit.from || fit.from->tokens() != stored.shape[0] || fit.to->tokens() != shape[0]) return {};
        result.fitted.push_back(
            fmt::format("{} from {} to {} patches", stored.name, grid_text(*fit.from), grid_text(*fit.to)));
        return interpolated_positions(values, *fit.from, *fit.to, now);
    }
    const int64_t rows = std::min(stored.shape[0], shape[0]);
    std::copy_n(values.begin(), rows * shape[1], now.begin());
    result.fitted.push_back(
        fmt::format("{}, the first {} of its {} rows for {} places", stored.name, rows, stored.shape[0], shape[0]));
    return now;
}

/// Its first rows, of a table of word vectors with more than there are words here; nothing where it has fewer.
std::optional<std::vector<float>> fitted_words(const StoredTensor& stored, const Tensor& target,
                                               FittedWeights& result) {
    const Shape shape = target.shape();
    if (stored.shape.size() != 2 || shape.rank() != 2 || stored.shape[1] != shape[1] || stored.shape[0] < shape[0]) {
        return {};
    }
    std::vector<float> values = f32_values(stored);
    values.resize(static_cast<size_t>(shape.elements()));
    result.fitted.push_back(fmt::format("{}, the first {} of its {} rows", stored.name, shape[0], stored.shape[0]));
    return values;
}

}  // namespace

std::vector<float> interpolated_positions(const std::vector<float>& positions, const PatchGrid& from,
                                          const PatchGrid& to, const std::vector<float>& now) {
    const auto dim = static_cast<int64_t>(now.size()) / to.tokens();
    std::vector<float> result = now;
    if (from.class_token && to.class_token) std::copy_n(positions.begin(), dim, result.begin());
    if (from.distillation_token && to.distillation_token) {
        std::copy_n(positions.begin() + (from.class_token ? dim : 0), dim, result.begin() + (to.class_token ? dim : 0));
    }
    const float* old_patches = positions.data() + from.tokens_in_front() * dim;
    float* new_patches = result.data() + to.tokens_in_front() * dim;
    for (int64_t row = 0; row < to.rows; ++row) {
        const Between vertical = between(row, to.rows, from.rows);
        for (int64_t column = 0; column < to.columns; ++column) {
            const Between horizontal = between(column, to.columns, from.columns);
            for (int64_t i = 0; i < dim; ++i) {
                const auto at = [&](int64_t old_row, int64_t old_column) {
                    return static_cast<double>(old_patches[(old_row * from.columns + old_column) * dim + i]);
                };
                const auto along = [&](int64_t old_row) {
                    return std::lerp(at(old_row, horizontal.first), at(old_row, horizontal.second), horizontal.share);
                };
                new_patches[(row * to.columns + column) * dim + i] =
                    static_cast<float>(std::lerp(along(vertical.first), along(vertical.second), vertical.share));
            }
        }
    }
    return result;
}

std::vector<std::string> FittedWeights::lines() const {
    std::vector<std::string> result = {fmt::format("init_strict is off: {} tensors are taken over", taken)};
    const auto add = [&](const char* text, const std::vector<std::string>& names) {
        if (!names.empty()) result.push_back(fmt::format("{}: {}", text, listed(names)));
    };
    add("made to fit", fitted);
    add("new, with their first values", added);
    add("dropped", dropped);
    return result;
}

FittedWeights load_fitting_weights(const SafetensorsFile& file, const ParameterStore& store, const WeightsFit& fit) {
    FittedWeights result;
    std::set<std::string> used;
    const bool same_grid = !fit.to || !fit.from || fit.from == fit.to;
    for (Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            Tensor target = parameter->part_value(part);
            const StoredTensor* stored = file.find(part.name);
            std::optional<std::vector<float>> values;
            if (stored && !begins_with_any(part.name, fit.foreign)) {
                const bool is_position = part.name.ends_with(positions_name);
                if (stored->shape == target.shape().to_vector() && (same_grid || !is_position)) {
                    values = f32_values(*stored);
                } else if (is_position) {
                    values = fitted_positions(*stored, target, fit, result);
                } else if (fit.same_words && part.name.ends_with(words_name)) {
                    values = fitted_words(*stored, target, result);
                }
            }
            if (!values) {
                result.added.push_back(part.name);
                continue;
            }
            target.copy_from_host(values->data());
            used.insert(part.name);
            ++result.taken;
        }
    }
    for (const StoredTensor& stored : file.tensors()) {
        if (!used.contains(stored.name) && !beside_weights(stored.name)) result.dropped.push_back(stored.name);
    }
    if (result.taken == 0) throw UserError(file.path() + " has nothing that fits the model");
    return result;
}

}  // namespace heed
