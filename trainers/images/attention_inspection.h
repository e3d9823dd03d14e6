#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/datasets/images/image_data.h"
#include "heed/layers/models/image_classifier.h"
#include "heed/trainers/loop/evaluation.h"

namespace heed {

/// The attention on one image. Heads of all layers stand in one row: layer * heads + head.
struct InspectedImage {
    int64_t index = 0;  ///< position in the test split
    int32_t label = 0, prediction = 0;
    double probability = 0.0;              ///< of the prediction
    std::vector<std::vector<float>> maps;  ///< a head each: patch_attention
    std::vector<float> rollout;            ///< attention_rollout
};

/// What the attention layers of an image model do on some images of the test split.
struct AttentionInspection {
    PatchTransformerShape shape;
    int64_t images = 0;                        ///< behind entropy and density
    std::vector<double> entropy;               ///< of each head, in nats, mean over images and queries
    std::vector<double> density;               ///< of each head: share of the pairs of tokens that have a weight
    std::vector<InspectedImage> shown;         ///< in the order of the split
    int64_t pattern_side = 0;                  ///< rows of a pattern
    std::vector<std::vector<float>> patterns;  ///< a head each, of shown.front(): shrunk_matrix of its weights
    std::string remark;                        ///< what a picture of the weights does not show; empty: nothing
    std::string left_out;                      ///< why there is nothing else; empty: there is
};

/// Runs the model on images of the test split, one at a time, so that no more than the weights of one layer and one
/// image are in memory; models whose weights would take long or much memory are inspected on fewer images, or left out
/// with the reason. Throws UserError when an image cannot be read.
AttentionInspection inspect_attention(Context& context, ImageClassifier& model, const ImageData& data,
                                      const Evaluation& test);

}  // namespace heed
