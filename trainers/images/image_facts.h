#pragma once

#include "heed/datasets/images/image_data.h"
#include "heed/layers/models/image_classifier.h"
#include "heed/trainers/kinds/data_facts.h"

namespace heed {

/// How images have to be given to a model.
struct ImageDataFacts final : DataFacts {
    static constexpr const char* kind_name = "images";

    ImageShape shape;
    Normalisation normalisation;

    static std::shared_ptr<ImageDataFacts> of(const ImageData& data);
    /// Reads `details` back. Throws as TrainingKind::read_details.
    static std::unique_ptr<ImageDataFacts> from_details(const std::string& json);

    const TrainingKind& kind() const override;
    std::string details() const override;
    ImageGeometry geometry() const;
};

}  // namespace heed
