#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "heed/core/forward_observer.h"
#include "heed/datasets/images/image_source.h"

namespace heed {

/// One head of one attention layer at a prediction. There is no padding and no dropout in it. In the encoder and in
/// cross-attention key i is unit i of the sample (ExplainedInput::units), in the encoder query i as well; in the
/// decoder queries and keys are the tokens of the target that stand before the explained one, the begin token first.
struct HeadRecord {
    AttentionPlace place = AttentionPlace::encoder;
    int64_t layer = 0, head = 0;  ///< from 0 in each place
    int64_t queries = 0, keys = 0, value_dim = 0;
    bool causal = false;                 ///< query i uses keys <= i alone
    std::vector<float> weights;          ///< [queries, keys]; of smyrf most are 0
    std::vector<float> values;           ///< [keys, value_dim]: what the weights mix (of super rows of W_A X)
    std::vector<float> weight_gradient;  ///< [queries, keys]: of the log-probability of the explained class; empty
                                         ///< unless asked for
};

/// One attention layer of a pass, all heads, while the pass goes on.
struct LayerRecord {
    AttentionPlace place = AttentionPlace::encoder;
    int64_t layer = 0;
    int64_t heads = 0, queries = 0, keys = 0, value_dim = 0;
    bool causal = false;
    std::span<const float> weights;  ///< [heads, queries, keys]
    std::span<const float> values;   ///< [heads, keys, value_dim]
};

/// Gives the weights [heads, queries, keys] that a layer is to use in the place of its own; none: its own stay.
using WeightSubstitution = std::function<std::vector<float>(const LayerRecord&)>;

/// How units are taken from a model.
enum class Removal : uint8_t {
    /// As padding is: no query of any layer attends to their keys and a mean over the tokens passes over them, while
    /// the units that stay keep their positions. In dense attention the weights of the others are the softmax over what
    /// is left; smyrf clusters what is left anew; super mixes its values from what is left.
    keys,
    /// Something without content stands in their place: the unknown token of the tokenizer, in images the colour that
    /// the normalisation makes 0 (the mean of the training images where data.mean is that).
    replacement
};

/// A part of the input that can be taken away: a token of a text, a patch of an image.
struct ExplainedUnit {
    std::string name;    ///< as the tokenizer shows it; "[class]"; "patch 2,5" (row and column, from 1)
    bool fixed = false;  ///< always stays: begin and end tokens, class token, the token that the classifier reads
};

/// The image of a sample, as it was read.
struct ExplainedImage {
    ImageShape shape;
    std::vector<uint8_t> pixels;                ///< [channels, height, width]
    int64_t patch_rows = 0, patch_columns = 0;  ///< the last patch_rows * patch_columns units, row after row
};

/// The translation of a sample, of which one token is explained.
struct ExplainedTarget {
    std::string text;
    std::vector<std::string> tokens;  ///< without the begin, with the end
    int64_t position = 0;             ///< of the explained one among them
    bool given = false;               ///< by the user or the data; else it is the model's own
};

/// What is explained.
struct ExplainedInput {
    std::string place;                      ///< "reviews.txt:3", "cat.png", "test split, sample 17" (from 0)
    std::string text;                       ///< of a text or source; of an image empty
    std::vector<ExplainedUnit> units;       ///< in order
    std::vector<std::string> truth;         ///< labels that are known; several where a sample can have several
    std::optional<ExplainedImage> image;    ///< of image classifiers
    std::optional<ExplainedTarget> target;  ///< of translators
    /// Queries of the last encoder layer whose outputs the classifier reads, as their mean where it is more than one:
    /// the class token, the first token, or all. Of translators the query of the explained token in decoder and
    /// cross-attention: their last.
    std::vector<int64_t> read_queries;
};

/// What the model says of the whole input.
struct ExplainedPrediction {
    /// The explained class: the most probable one (of a text that can have several labels the most probable label); of
    /// translators the target's token.
    int64_t explained = 0;
    std::string label;          ///< its name
    double probability = 0;     ///< softmax; sigmoid where a sample can have several labels
    bool predicted = true;      ///< the explained class is the most probable: false only for a token of a translator
    std::vector<float> logits;  ///< of all classes
};

/// What the model says of a part of the input.
struct VariantAnswer {
    double probability = 0;  ///< of the explained class
    int64_t predicted = 0;   ///< the most probable class
    /// The prediction is still the explained class: it is the most probable, or, where a sample can have several
    /// labels, on the same side of 50 % as for the whole input.
    bool same = false;
};

/// A prediction of a trained model whose attention and whose dependence on the input can be looked into. It uses the
/// SavedModel that it comes from, one call at a time.
class ExplainedSample {
public:
    virtual ~ExplainedSample() = default;

    virtual const ExplainedInput& input() const = 0;
    /// Throws Error when a logit is not finite, as all passes do.
    virtual const ExplainedPrediction& prediction() = 0;

    /// Every head, ordered by place (encoder, decoder, cross), layer and head. With gradients it takes a backward pass.
    virtual std::vector<HeadRecord> heads(bool gradients) = 0;

    /// The answers for parts of the input, each a mask over the units (1: it stays), computed in batches. Throws Error
    /// for a mask of another length or one that takes a fixed unit.
    virtual std::vector<VariantAnswer> answers(std::span<const std::vector<uint8_t>> kept, Removal removal) = 0;

    /// Logits of a pass over the whole input in which every attention layer, in order, may be given other weights: the
    /// outputs of its heads are these weights times its values, and the rest of the model goes on from there. Throws
    /// Error for weights of another size.
    virtual std::vector<float> with_weights(const WeightSubstitution& substitution) = 0;
};

/// Takes samples as they are made; they live as long as the SavedModel.
using TakeSample = std::function<void(std::unique_ptr<ExplainedSample>)>;

}  // namespace heed
