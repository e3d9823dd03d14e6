#pragma once

#include <memory>
#include <optional>

#include "heed/core/device/context.h"
#include "heed/datasets/text/encoded_texts.h"
#include "heed/datasets/text/files/label_sets.h"
#include "heed/layers/models/text_classifier.h"
#include "heed/trainers/classification/label_loss.h"
#include "heed/trainers/loop/batch_cursor.h"
#include "heed/trainers/loop/task.h"

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
class TextTask final : public Task {
public:
    /// `batch` is the number of texts of an optimizer batch.
    TextTask(Context& context, TextClassifier& model, EncodedTextData data, LabelLossOptions loss);

    Module& model() override { return model_; }
    int64_t samples(Split split) const override { return split_of(data_, split).size(); }
    int64_t epoch_steps(int64_t batch) const override;
    void begin(const BatchPlan& plan) override;
    MicroBatch next(ForwardState state) override;
    std::string find_non_finite(ForwardState state) override;
    void observe(ForwardObserver& observer, int64_t samples) override;
    double waited_seconds() const override { return waited_seconds_; }
    Evaluation evaluate(Split split) override;

    Context& context() { return context_; }
    const EncodedTextData& data() const { return data_; }
    /// Whether a text has any number of labels, or none; else exactly one.
    bool several_labels() const { return loss_.several_labels; }
    /// Logits of some texts, as in evaluation.
    Variable classify(const TokenMatrix& texts, const ForwardState& state = {});

private:
    MicroBatch forward(ForwardState state);
    template <class Add>
    void classify_all(const EncodedSplit& split, Add&& add);

    Context& context_;
    TextClassifier& model_;
    EncodedTextData data_;
    LabelLossOptions loss_;
    std::optional<BatchCursor> cursor_;
    std::optional<BatchPart> part_;
    TokenMatrix matrix_;  // of part_
    double waited_seconds_ = 0.0;
};

}  // namespace heed
