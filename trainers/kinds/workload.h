#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/trainers/kinds/data_facts.h"
#include "heed/trainers/loop/task.h"
#include "heed/trainers/report/report.h"

namespace heed {

/// A test set that is not the run's own.
struct OtherTest {
    std::string name;                  ///< of its files
    std::vector<std::string> remarks;  ///< what a user should know of them, a sentence each
};

/// What one kind of training - of images, of texts, of translations - brings to a run: data, model and task, and what
/// only it can say in log, checkpoint and report. The run itself knows nothing else of them.
class Workload {
public:
    virtual ~Workload() = default;

    virtual Task& task() = 0;
    virtual const SharedFacts& facts() const = 0;

    /// The parts of the data ("training", "validation", "test") that are not those that the training was begun with:
    /// with other training data, what is held back from them now may have been trained on.
    virtual std::vector<std::string> changed_data() const { return {}; }

    /// The test set that the command line names for a trained model instead of its own; then there are no other parts.
    virtual std::optional<OtherTest> other_test() const { return std::nullopt; }

    /// Tokens of the longest sample that the model's (first) self-attention sees.
    virtual int64_t most_tokens() const = 0;
    /// Numbers in one sample's attention weights of one layer.
    virtual int64_t attention_weights() const = 0;

    /// What the log says of data and model before the first step.
    virtual std::vector<std::string> description() = 0;
    /// Adds what the report shows of this kind alone.
    virtual void add_to_report(ReportInput& input, const Evaluation& test) = 0;
};

}  // namespace heed
