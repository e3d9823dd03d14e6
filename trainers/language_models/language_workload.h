#pragma once

#include "heed/datasets/text/plain/plain_text.h"
#include "heed/datasets/text/tokenizers/tokenizer.h"
#include "heed/trainers/kinds/workload.h"
#include "heed/trainers/language_models/language_facts.h"
#include "heed/trainers/language_models/language_task.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

/// Language models.
class LanguageWorkload final : public Workload {
public:
    /// `known`: null, or the facts of a checkpoint, whose tokenizer is used.
    LanguageWorkload(const Recipe& recipe, Context& context, const SharedFacts& known);
    LanguageWorkload(TrainedModel& trained, Context& context);

    Task& task() override { return task_; }
    const SharedFacts& facts() const override { return facts_; }
    int64_t most_tokens() const override { return model_.shape().max_tokens; }
    int64_t attention_weights() const override;
    std::vector<std::string> changed_data() const override;
    std::vector<std::string> description() override;
    std::optional<OtherTest> other_test() const override;
    void add_to_report(ReportInput& input, const Evaluation& test) override;

private:
    EncodedLanguageData encode();
    EncodedLanguage encode_split(const PlainText& text, const char* part, const WindowPlan& plan, EncodeReport& report);
    const LanguageDataFacts& language_facts() const;

    const Recipe& recipe_;
    Context& context_;
    PlainTextData data_;
    SharedFacts facts_;
    std::unique_ptr<Tokenizer> tokenizer_;
    EncodeReport encoded_;                      // of the training text
    std::unique_ptr<LanguageModel> own_model_;  // null where it is another's
    LanguageModel& model_;
    LanguageTask task_;
};

}  // namespace heed
