#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heed/core/tensor/tensor.h"

namespace heed {

/// Texts that say nothing, to see what a step costs: ids [texts, tokens] of 0 and lengths [texts].
struct EmptyTokens {
    Tensor ids, lengths;

    EmptyTokens(Context& context, int64_t texts, int64_t tokens)
        : ids(filled(context, {texts, tokens}, 0)), lengths(filled(context, {texts}, tokens)) {}

private:
    static Tensor filled(Context& context, const Shape& shape, int64_t value) {
        const std::vector<int32_t> values(static_cast<size_t>(shape.elements()), static_cast<int32_t>(value));
        return Tensor::from_host(context, shape, std::span<const int32_t>(values));
    }
};

}  // namespace heed
