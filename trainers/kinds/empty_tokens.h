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
        : ids(Tensor::zeros(context, {texts, tokens}, DType::i32)), lengths(all(context, texts, tokens)) {}

private:
    static Tensor all(Context& context, int64_t count, int64_t value) {
        const std::vector<int32_t> values(static_cast<size_t>(count), static_cast<int32_t>(value));
        return Tensor::from_host(context, {count}, std::span<const int32_t>(values));
    }
};

}  // namespace heed
