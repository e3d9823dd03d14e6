#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/conversion/model_conversion.h"
#include "heed/trainers/kinds/workload.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

/// A model in which some layers were given other attention, measured on the validation samples.
struct SwapTrial {
    std::string what;                 ///< the layer, the place or the set of layers
    std::vector<std::string> layers;  ///< by name
    std::vector<std::string> types;   ///< what they have now
    double divergence = 0.0;          ///< of the answers from those of the model as it was (Task::divergence_from)
    Evaluation result;
    int64_t multiplies = 0;  ///< of all attention layers at their greatest lengths
    int64_t parameters = 0;  ///< of the same
};

/// Swaps the attention of a trained model layer by layer, to see which layers it needs. Nothing is trained.
class Sensitivity {
public:
    /// `settings` are those of a conversion of the whole model; all other arguments must outlive it. Throws UserError
    /// where there are no validation samples.
    Sensitivity(TrainedModel& old, const std::string& recipe_text, std::vector<std::string> settings, Context& context);
    ~Sensitivity();

    /// The model as it was.
    const SwapTrial& before() const { return before_; }
    /// Each layer alone that the settings give another type, then each place as a whole where there are several.
    std::vector<SwapTrial> run();
    /// These layers together.
    SwapTrial try_layers(const std::string& what, const std::vector<std::string>& layers);

    /// That of the last trial.
    TrainedModel& last_model() { return *now_; }

private:
    /// The old model's recipe with these settings, its weights random.
    TrainedModel model_with(const std::vector<std::string>& settings) const;

    TrainedModel& old_;
    std::string recipe_text_;
    std::vector<std::string> settings_;
    Context& context_;
    std::unique_ptr<TrainedModel> opened_;  // with which the data were opened; the old attention, random weights
    std::unique_ptr<Workload> workload_;
    std::unique_ptr<TrainedModel> now_;  // of the last trial
    SwapTrial before_;
};

/// The layers to swap so that the multiply-adds of all attention fall to `budget` (a share of those before) with little
/// damage: in the order of divergence over what is saved, of the trials of single layers, until it is enough. Nothing
/// where all of them together are not. With layers that save alike it is the set of the least sum of divergences.
std::optional<std::vector<std::string>> layers_for_budget(const SwapTrial& before, const std::vector<SwapTrial>& trials,
                                                          double budget);

/// The share of those multiply-adds that is left with all layers swapped whose trials save some: the least budget.
double least_cost(const SwapTrial& before, const std::vector<SwapTrial>& trials);

}  // namespace heed
