#pragma once

#include <memory>
#include <string>
#include <vector>

#include "heed/core/context.h"
#include "heed/core/module/parameter_store.h"
#include "heed/datasets/image_data.h"
#include "heed/layers/image_classifier.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// What has to be known about a data set to use a model that was trained on it; kept in every checkpoint.
struct DataFacts {
    std::string name;
    ImageShape shape;
    std::vector<std::string> class_names;
    Normalisation normalisation;

    static DataFacts of(const ImageData& data);
    ImageGeometry geometry() const;
};

/// The model that a recipe describes, for images of this geometry. Not laid out yet. Throws UserError when the settings
/// do not fit each other or the images.
std::unique_ptr<ImageClassifier> make_model(const Recipe& recipe, const ImageGeometry& images);

/// A model with its parameters, as a checkpoint holds it.
struct TrainedModel {
    Recipe recipe;
    DataFacts facts;
    int64_t step = 0;
    std::unique_ptr<ImageClassifier> model;
    std::unique_ptr<ParameterStore> store;

    /// Loads RUN (its best checkpoint, else its last) or CHECKPOINT. `overrides` change the recipe ("data.root=...").
    /// The tensors must be exactly those of the model, and all values finite.
    static TrainedModel load(Context& context, const std::string& run_or_checkpoint,
                             const std::vector<std::string>& overrides);
};

/// The checkpoint file meant by a run folder (best, else last) or a file. Throws UserError when there is none.
std::string checkpoint_file(const std::string& run_or_checkpoint);

}  // namespace heed
