#pragma once

#include <memory>
#include <span>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/datasets/text/encoded_texts.h"
#include "heed/datasets/text/files/label_sets.h"
#include "heed/layers/models/text_classifier.h"
#include "heed/trainers/classification/label_loss.h"
#include "heed/trainers/loop/in_memory_task.h"

namespace heed {

/// A split of labelled texts as a model takes them.
struct EncodedSplit {
    EncodedTexts texts;
    LabelSets labels;

    int64_t size() const { return texts.size(); }
};

struct EncodedTextData {
    EncodedSplit train, validation, test;
    int64_t classes = 0;
    int32_t pad = 0;
};

/// Classification of texts.
class TextTask final : public InMemoryTask {
public:
    /// Of a batch in evaluation, unless one text is longer.
    static constexpr int64_t tokens_at_a_time = 8192;

    /// `batch` is the number of texts of an optimizer batch.
    TextTask(Context& context, TextClassifier& model, EncodedTextData data, LabelLossOptions loss);

    Module& model() override { return *model_; }
    void use_model(Module& model) override { model_ = &dynamic_cast<TextClassifier&>(model); }
    int64_t samples(Split split) const override { return split_of(data_, split).size(); }
    int64_t epoch_steps(int64_t batch) const override;
    Evaluation evaluate(Split split) override;
    double divergence_from(Module& other, Split split) override;

    Context& context() { return context_; }
    const EncodedTextData& data() const { return data_; }
    /// Whether a text has any number of labels, or none; else exactly one.
    bool several_labels() const { return loss_.several_labels; }
    /// Logits of some texts, as in evaluation.
    Variable classify(const TokenMatrix& texts, const ForwardState& state = {});

private:
    Variable classify_with(TextClassifier& model, const TokenMatrix& texts, const ForwardState& state);
    TokenBatches batches(int64_t batch, bool shuffle, uint64_t seed) const override;
    void fill(const BatchPart& part) override;
    MicroBatch compute(const ForwardState& state) override;
    void show(std::span<const int64_t> places, const ForwardState& state) override;
    void show_together(std::span<const int64_t> places, const ForwardState& state) override;
    template <class Measure, class Add>
    void measure_batches(const EncodedSplit& split, const Measure& measure, const Add& add);

    TextClassifier* model_;
    EncodedTextData data_;
    LabelLossOptions loss_;
    std::vector<int64_t> places_;  // of the last micro-batch
    TokenMatrix matrix_;           // its tokens
};

}  // namespace heed
