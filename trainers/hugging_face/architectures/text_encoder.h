#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "heed/trainers/hugging_face/architecture.h"

namespace heed {

/// What the encoders of texts have in common: what is made of the last layer, classes, tokenizer, facts.
struct TextEncoderForm {
    std::string pool;  ///< "mean", "max" or "first"
    std::vector<std::string> class_names;
    bool several_labels = false;
};

/// Of an encoder with a head for classes, those of config.json; else no classes, and how 1_Pooling/config.json of
/// sentence-transformers pools, or the first token. Throws UserError where that is in another way.
TextEncoderForm text_encoder_form(const std::string& folder, const JsonFile& config);

/// Adds the settings that do not depend on the architecture, facts and tokenizer. Throws UserError where the vocabulary
/// has another size than the table of vectors.
void add_text_encoder(ImportedModel& model, const TextEncoderForm& form, const std::string& folder,
                      const JsonFile& config);

/// Whether config.json names a model with a head for classes of texts.
bool classifies_texts(const JsonFile& config);

/// The obstacles of all encoders of texts: another attention or tokenizer, texts without special tokens; or "".
std::string text_encoder_obstacle(const TrainedModel& model);

/// The classes for config.json, the tokenizer's files and, of a model without a head, how it pools, for
/// sentence-transformers.
void add_text_encoder_files(ExportedModel& files, nlohmann::ordered_json config, const TrainedModel& model);

}  // namespace heed
