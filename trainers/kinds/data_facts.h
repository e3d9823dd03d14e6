#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "heed/datasets/images/image_data.h"
#include "heed/layers/models/image_classifier.h"
#include "heed/layers/models/text_classifier.h"
#include "heed/layers/models/translator.h"

namespace heed {

/// How images have to be given to a model.
struct ImageInput {
    ImageShape shape;
    Normalisation normalisation;
};

/// A tokenizer as load_tokenizer takes it.
struct StoredTokenizer {
    std::string kind, bytes;
};

/// How texts have to be given to a model.
struct TextInput {
    int64_t vocabulary = 0;
    int64_t max_tokens = 0;  ///< of a text
    std::string truncate;    ///< which end of a longer text is kept: "head" or "tail"
    bool several_labels = false;
    StoredTokenizer tokenizer;
};

/// How sentences have to be given to a translator, and what it gives back.
struct TranslationInput {
    int64_t source_vocabulary = 0, target_vocabulary = 0;
    int64_t max_source_tokens = 0;     ///< of a sentence, the end included
    int64_t max_target_tokens = 0;     ///< of a translation, the end included
    bool joint = false;                ///< one tokenizer for both languages: source_tokenizer
    StoredTokenizer source_tokenizer;  ///< of both languages where they have one
    StoredTokenizer target_tokenizer;
};

/// What has to be known about a data set to use a model that was trained on it; kept in every checkpoint.
struct DataFacts {
    std::string name;
    std::vector<std::string> class_names;               ///< empty where nothing is classified
    std::optional<ImageInput> images;                   ///< of an image model
    std::optional<TextInput> texts = {};                ///< of a text classifier
    std::optional<TranslationInput> translations = {};  ///< of a translator
    std::string fingerprint = {};                       ///< of the training texts; empty where it is not known

    static DataFacts of(const ImageData& data);
    /// Of an image model. Throws Error for another.
    const ImageInput& image_input() const;
    ImageGeometry image_geometry() const;

    /// Of a text classifier. Throws Error for another.
    const TextInput& text_input() const;
    TextGeometry text_geometry() const;

    /// Of a translator. Throws Error for another.
    const TranslationInput& translation_input() const;
    TranslationGeometry translation_geometry() const;

    /// Whether the training texts have this fingerprint; true where theirs is not known.
    bool fits(const std::string& training_fingerprint) const;

    /// All but the tokenizers' bytes.
    std::string to_json() const;
    /// Reads it back. Throws UserError, naming what is missing or cannot be.
    static DataFacts from_json(const std::string& text);

    /// The tokenizers by the name under which a checkpoint has them.
    std::map<std::string, StoredTokenizer*> tokenizers();
};

/// Throws UserError when the training texts are not those that a training was begun with.
void check_unchanged(const DataFacts& known, const std::string& fingerprint, const std::string& origin);

}  // namespace heed
