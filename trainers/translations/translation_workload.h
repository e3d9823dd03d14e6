#pragma once

#include "heed/datasets/text/parallel_data.h"
#include "heed/trainers/kinds/workload.h"
#include "heed/trainers/run/trained_model.h"
#include "heed/trainers/translations/alignment.h"
#include "heed/trainers/translations/translation_decoder.h"
#include "heed/trainers/translations/translation_task.h"

namespace heed {

/// Translation of sentences. The test split is translated too, and in `heed eval` the validation split.
class TranslationWorkload final : public Workload {
public:
    /// `known`: null, or the facts of a checkpoint, whose tokenizers are used.
    TranslationWorkload(const Recipe& recipe, Context& context, const SharedFacts& known);
    TranslationWorkload(TrainedModel& trained, Context& context);

    Task& task() override { return task_; }
    const SharedFacts& facts() const override { return facts_; }
    int64_t most_tokens() const override;
    int64_t attention_weights() const override;
    std::vector<std::string> changed_data() const override;
    std::vector<std::string> description() override;
    std::optional<OtherTest> other_test() const override;
    void add_to_report(ReportInput& input, const Evaluation& test) override;

private:
    /// What became of the pairs.
    struct Encoded {
        EncodeReport sources, targets;  // of the training pairs that were kept
        int64_t skipped = 0;
        EncodeReport other_sources, other_targets;  // of validation and test: what was cut
    };

    const TranslationDataFacts& translation_facts() const;
    EncodedTranslationData encode();
    /// Throws UserError where an epoch visits less than one pair on average.
    void refuse_empty_passes(const std::vector<float>& weights) const;
    EncodedTranslations encode_references(const ReferenceText& texts);
    /// Translates the sources of a split and scores what comes out.
    void translate(Split split, Evaluation& result, Communicator& ranks);
    /// The same of some validation sentences, in training.
    void translate_some(Evaluation& result, Communicator& ranks);
    /// Of a few test sentences.
    std::vector<Alignment> sample_alignments();

    const Recipe& recipe_;
    Context& context_;
    ParallelData data_;
    SharedFacts facts_;
    TranslationTokenizers tokenizers_;
    Encoded encoded_;
    std::unique_ptr<Translator> own_model_;  // null where it is another's
    Translator& model_;
    bool translates_validation_;
    TranslationTask task_;
};

}  // namespace heed
