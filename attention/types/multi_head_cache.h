#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "heed/attention/cache.h"
#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/attention/types/token_buffer.h"

namespace heed {

/// The cache of MultiHeadAttention in causal self-attention: only what keys and values are made of.
struct MultiHeadSelfCache final : AttentionCache {
    std::optional<TokenBuffer> projected;  ///< keys and values that are projected, side by side
    std::optional<TokenBuffer> input;      ///< where keys or values are the input itself
    std::optional<TokenBuffer> rotated;    ///< keys that are the input, rotated by their places
    std::optional<TokenBuffer> mixed;      ///< values that are made of the inputs of all tokens so far
    std::unique_ptr<AttentionCache> kept;  ///< what attend_step of a type keeps

    void reorder(std::span<const int32_t> rows) override;
    /// The buffer that every cache has.
    const TokenBuffer& tokens() const { return projected ? *projected : *input; }
};

/// The cache of MultiHeadAttention in causal cross-attention: keys and values of the source. They are never copied for
/// rows that share a source (the hypotheses of a beam): their queries stand side by side as queries of that source.
class MultiHeadCrossCache final : public AttentionCache {
public:
    /// Keys and values [sources, source tokens, ...] and the mask of one source for each row.
    MultiHeadCrossCache(HeadColumns key, HeadColumns value, const Tensor& lengths);

    void reorder(std::span<const int32_t> rows) override;

    const HeadColumns& key() const { return key_; }
    const HeadColumns& value() const { return value_; }
    /// What attend_step of a type keeps of each source.
    std::unique_ptr<AttentionCache>& kept() { return kept_; }
    /// i32 [sources], or undefined.
    const Tensor& lengths() const { return lengths_; }

    /// x [rows, 1, width] -> [sources, most rows of a source, width]; seats without a row hold some other row.
    Tensor to_sources(const Tensor& x) const;
    /// The same backwards, [rows, 1, width].
    Tensor to_rows(const Tensor& x) const;

private:
    int64_t sources() const { return key_.source.shape()[0]; }
    void drop_unused_sources();
    void group_rows();

    HeadColumns key_, value_;
    Tensor lengths_;
    std::unique_ptr<AttentionCache> kept_;
    std::vector<int32_t> source_of_row_;
    int64_t group_ = 1;  ///< most rows of a source
    Tensor row_at_;      ///< i32 [sources * group], undefined where seats and rows are the same
    Tensor seat_of_;     ///< i32 [rows], likewise
};

}  // namespace heed
