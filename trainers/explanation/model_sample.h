#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "heed/core/autograd/variable.h"
#include "heed/core/forward_state.h"
#include "heed/layers/token_parts.h"
#include "heed/trainers/explanation/explained_sample.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// What all kinds do alike with a sample; a kind brings the passes of its model.
class ModelSample : public ExplainedSample {
public:
    const ExplainedInput& input() const override { return input_; }
    const ExplainedPrediction& prediction() override;
    std::vector<HeadRecord> heads(bool gradients) override;
    std::vector<VariantAnswer> answers(std::span<const std::vector<uint8_t>> kept, Removal removal) override;
    std::vector<float> with_weights(const WeightSubstitution& substitution) override;

protected:
    /// How the classes of a sample are meant.
    struct Classes {
        bool several = false;              ///< a sample can have several
        std::optional<int64_t> explained;  ///< unless it is the most probable one
    };

    /// `saved` has to live as long.
    ModelSample(SavedModel& saved, ExplainedInput input, Classes classes)
        : saved_(saved), input_(std::move(input)), classes_(classes) {}

    /// Logits [rows, classes] of the whole input: the last row is that of the sample.
    virtual Variable whole(const ForwardState& state) = 0;
    /// Logits [parts, classes] of parts of it, whose places are units.
    virtual Variable parts(const TokenParts& parts) = 0;
    /// Logits [variants, classes] of the input with something without content in the place of what is not kept.
    virtual Variable replaced(std::span<const std::vector<uint8_t>> kept) = 0;
    /// The name of a class.
    virtual std::string label(int64_t index) const = 0;
    /// Most variants of that many units that one pass should hold.
    virtual int64_t variants_at_once(int64_t units) const;

    SavedModel& saved() const { return saved_; }
    Context& context() const { return *saved_.context; }

private:
    void check_masks(std::span<const std::vector<uint8_t>> kept) const;
    TokenParts parts_of(std::span<const std::vector<uint8_t>> kept) const;
    void explain(const Variable& logits);
    std::vector<float> last_row(const Variable& logits) const;

    SavedModel& saved_;
    ExplainedInput input_;
    Classes classes_;
    std::optional<ExplainedPrediction> prediction_;
};

}  // namespace heed
