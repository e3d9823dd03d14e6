#pragma once

#include "heed/trainers/images/image_task.h"
#include "heed/trainers/kinds/workload.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

/// Classification of images.
class ImageWorkload final : public Workload {
public:
    /// `known`: of the checkpoint that a training goes on from, or null.
    ImageWorkload(const Recipe& recipe, Context& context, const SharedFacts& known);
    ImageWorkload(TrainedModel& trained, Context& context);

    Task& task() override { return task_; }
    const SharedFacts& facts() const override { return facts_; }
    std::vector<std::string> changed_data() const override;
    int64_t most_tokens() const override;
    int64_t attention_weights() const override;
    std::vector<std::string> description() override;
    void add_to_report(ReportInput& input, const Evaluation& test) override;

private:
    const Recipe& recipe_;
    Context& context_;
    ImageData data_;
    SharedFacts facts_;
    std::unique_ptr<ImageClassifier> own_model_;  // null where it is another's
    ImageClassifier& model_;
    int64_t batch_;
    std::vector<float> class_weights_;
    ImageTask task_;
};

}  // namespace heed
