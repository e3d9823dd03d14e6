#pragma once

#include <memory>
#include <string>

#include "heed/core/ops/losses/distillation.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

/// How far a training is and goes, in optimizer steps.
struct TrainingSteps {
    int64_t done = 0;
    int64_t total = 0;
    int64_t epoch = 0;  ///< of an epoch
};

/// A trained model whose answers a training follows.
class Teacher {
public:
    /// Loads the teacher that the section "distill" of a recipe names; null where it asks for none in the steps that a
    /// training has to go. `facts` are those of the training's data. Throws UserError, with the key, where there is no
    /// such model or it was trained on data of another form: other classes, sizes, normalisation or tokenizers.
    static std::unique_ptr<Teacher> load(const Recipe& recipe, Context& context, const DataFacts& facts,
                                         const TrainingSteps& steps);

    /// A line for the log where settings of the section have no effect, as no teacher is asked for, or none any more;
    /// else empty.
    static std::string unused_settings(const Recipe& recipe, const TrainingSteps& steps);

    /// Whether it is followed in optimizer step number `step`, counted from 0.
    bool leads(int64_t step) const { return step < last_step_; }
    /// The model as that of a kind.
    template <class Model>
    Model& model_as() const {
        return model_.model_as<Model>();
    }
    double weight() const { return weight_; }
    float temperature() const { return temperature_; }
    /// Of its file.
    const std::string& checksum() const { return checksum_; }
    /// A line for the log.
    std::string line() const;

private:
    Teacher(TrainedModel model, std::string path) : model_(std::move(model)), path_(std::move(path)) {}

    TrainedModel model_;
    std::string path_, checksum_;
    double weight_ = 0.0;
    float temperature_ = 1.0f;
    int64_t last_step_ = 0;  // until which it is followed
    int64_t total_steps_ = 0;
};

}  // namespace heed
