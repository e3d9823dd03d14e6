#pragma once

#include "heed/datasets/text/text_data.h"
#include "heed/datasets/text/tokenizers/tokenizer.h"
#include "heed/trainers/kinds/workload.h"
#include "heed/trainers/run/trained_model.h"
#include "heed/trainers/texts/text_facts.h"
#include "heed/trainers/texts/text_task.h"

namespace heed {

/// Classification of texts.
class TextWorkload final : public Workload {
public:
    /// `known`: null, or the facts of a checkpoint, whose tokenizer is used.
    TextWorkload(const Recipe& recipe, Context& context, const SharedFacts& known);
    TextWorkload(TrainedModel& trained, Context& context);

    Task& task() override { return task_; }
    const SharedFacts& facts() const override { return facts_; }
    int64_t most_tokens() const override;
    int64_t attention_weights() const override;
    std::vector<std::string> changed_data() const override;
    std::vector<std::string> description() override;
    std::optional<OtherTest> other_test() const override;
    void add_to_report(ReportInput& input, const Evaluation& test) override;

private:
    EncodedTextData encode();
    LabelLossOptions training_loss() const;
    const TextDataFacts& text_facts() const;

    const Recipe& recipe_;
    Context& context_;
    TextData data_;
    SharedFacts facts_;
    std::unique_ptr<Tokenizer> tokenizer_;
    EncodeReport encoded_;                       // of the training texts
    std::unique_ptr<TextClassifier> own_model_;  // null where it is another's
    TextClassifier& model_;
    LabelLossOptions loss_;
    TextTask task_;
};

}  // namespace heed
