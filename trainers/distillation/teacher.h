#pragma once

#include <memory>
#include <string>

#include "heed/core/ops/losses/distillation.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

/// A trained model whose answers a training follows.
class Teacher {
public:
    /// Loads the teacher that the section "distill" of a recipe names; null where it asks for none. `facts` are those
    /// of the training's data, `epoch_steps` its steps an epoch. Throws UserError, with the key, where there is no such
    /// model or it was trained on data of another form: other classes, sizes, normalisation or tokenizers.
    static std::unique_ptr<Teacher> load(const Recipe& recipe, Context& context, const DataFacts& facts,
                                         int64_t epoch_steps);

    /// A line for the log where settings of the section have no effect, as no teacher is asked for; else empty.
    static std::string unused_settings(const Recipe& recipe);

    /// Whether it is followed in optimizer step number `step`, counted from 0.
    bool leads(uint32_t step) const { return steps_ == 0 || step < steps_; }
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
    uint32_t steps_ = 0;  // for which it is followed; 0: all
};

}  // namespace heed
