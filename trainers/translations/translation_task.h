#pragma once

#include <functional>
#include <span>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/datasets/text/encoded_texts.h"
#include "heed/layers/models/translator.h"
#include "heed/trainers/loop/in_memory_task.h"

namespace heed {

/// Sentence pairs as a translator takes them: sources with an end token, targets with a begin and an end token.
struct EncodedTranslations {
    EncodedTexts sources, targets;
    std::vector<float> weights;  ///< how often a pair comes in an epoch, on average; empty: once

    int64_t size() const { return sources.size(); }
};

struct EncodedTranslationData {
    EncodedTranslations train, validation, test;
    int32_t source_pad = 0, target_pad = 0;
};

/// Some pairs as the model reads them.
struct PairBatch {
    TokenMatrix sources;
    TokenMatrix inputs;   ///< targets without their end: what the decoder reads
    TokenMatrix outputs;  ///< targets without their begin: what it has to say; -1 where a row has ended

    int64_t target_tokens() const;
};

/// Translation, trained with the true target in front of every token (teacher forcing). Loss and accuracy are means
/// over the target tokens, the end included.
class TranslationTask final : public InMemoryTask {
public:
    /// Adds to a result what comes from translating the split, which these ranks share.
    using Finish = std::function<void(Split, Evaluation&, Communicator&)>;

    TranslationTask(Context& context, Translator& model, EncodedTranslationData data, double label_smoothing,
                    Finish finish);

    Module& model() override { return *model_; }
    void use_model(Module& model) override { model_ = &dynamic_cast<Translator&>(model); }
    /// Pairs.
    int64_t samples(Split split) const override { return split_of(data_, split).size(); }
    /// `batch` is the most tokens that an optimizer batch has in each language, padding included. All epochs have as
    /// many batches as a first pass over the pairs, at least one.
    int64_t epoch_steps(int64_t batch) const override;
    Evaluation evaluate(Split split) override;
    double divergence_from(Module& other, Split split) override;

    const EncodedTranslationData& data() const { return data_; }

private:
    template <class Measure, class Add>
    void measure_batches(Split split, const Measure& measure, const Add& add);
    TokenBatches batches(int64_t tokens, bool shuffle, uint64_t seed) const override;
    void fill(const BatchPart& part) override;
    MicroBatch compute(const ForwardState& state) override;
    void show(std::span<const int64_t> places, const ForwardState& state) override;
    void show_together(std::span<const int64_t> places, const ForwardState& state) override;

    Translator* model_;
    EncodedTranslationData data_;
    float label_smoothing_;
    Finish finish_;
    PairBatch batch_;  // the last micro-batch
};

/// Logits [pairs * columns of `outputs`, vocabulary] of what follows each token of the inputs.
Variable translation_logits(Context& context, Translator& model, const PairBatch& batch, const ForwardState& state);

/// The pairs at these places. With `like`, both sides are as wide as if these pairs were in the batch as well.
PairBatch pair_batch(const EncodedTranslations& pairs, std::span<const int64_t> places, int32_t source_pad,
                     int32_t target_pad, std::span<const int64_t> like = {});

}  // namespace heed
