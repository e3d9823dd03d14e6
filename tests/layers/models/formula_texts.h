#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/module/parameter_store.h"
#include "heed/tests/support/kernel_paths.h"

namespace heed::test {

/// A batch of texts from an integer formula, padded with id 0.
struct FormulaTexts {
    int64_t tokens = 0;
    std::vector<int32_t> ids;
    std::vector<int32_t> lengths;

    FormulaTexts(std::vector<int32_t> lengths_, int64_t tokens_, int64_t vocabulary, uint32_t seed = 1)
        : tokens(tokens_), lengths(std::move(lengths_)) {
        uint32_t state = seed * 2654435761U;
        for (const int32_t length : lengths) {
            for (int64_t t = 0; t < tokens; ++t) {
                state = state * 1664525U + 1013904223U;
                ids.push_back(t < length ? static_cast<int32_t>((state >> 8) % static_cast<uint32_t>(vocabulary)) : 0);
            }
        }
    }

    int64_t batch() const { return static_cast<int64_t>(lengths.size()); }
    int32_t& id(int64_t text, int64_t token) { return ids[text * tokens + token]; }

    /// Texts first .. first + count - 1, each cut or padded to `keep` tokens (0: as they are).
    FormulaTexts part(int64_t first, int64_t count, int64_t keep = 0) const {
        FormulaTexts result = *this;
        result.tokens = keep == 0 ? tokens : keep;
        result.lengths.assign(lengths.begin() + first, lengths.begin() + first + count);
        result.ids.clear();
        for (int64_t text = first; text < first + count; ++text) {
            for (int64_t t = 0; t < result.tokens; ++t) result.ids.push_back(t < tokens ? ids[text * tokens + t] : 0);
        }
        for (int32_t& length : result.lengths) length = std::min(length, static_cast<int32_t>(result.tokens));
        return result;
    }

    Tensor ids_on(Context& context) const {
        return Tensor::from_host(context, {batch(), tokens}, std::span<const int32_t>(ids));
    }
    Tensor lengths_on(Context& context) const {
        return Tensor::from_host(context, {batch()}, std::span<const int32_t>(lengths));
    }
};

/// Gives all parameters, biases and norms too, values from formulas of their names.
inline void set_formula_values(ParameterStore& store) {
    for (Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            uint32_t seed = 7;
            for (char c : part.name) seed = seed * 31 + static_cast<uint8_t>(c);
            Tensor value = parameter->part_value(part);
            const bool gain = part.name.find("norm") != std::string::npos && part.name.ends_with("weight");
            value.copy_from_host(numbers(value.elements(), seed, gain ? 0.1f : 0.4f, gain ? 1.0f : 0.0f).data());
        }
    }
}

}  // namespace heed::test
