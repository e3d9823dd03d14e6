#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "heed/attention/registry.h"
#include "heed/layers/models/image_classifier.h"
#include "heed/layers/models/text_classifier.h"
#include "heed/layers/models/translator.h"

namespace heed {

/// What a model is made for.
enum class ModelKind : uint8_t { image_classifier, text_classifier, translator };

/// "image classifier" and so on.
const char* model_kind_name(ModelKind kind);

/// One line of the registry of models.
struct ModelType {
    const char* name;
    const char* summary;
    ModelKind kind;
    std::unique_ptr<Options> (*make_options)();

    /// The model of this type. Throws UserError, with the names of the types that are one, where the type is no image
    /// classifier, text classifier or translator.
    std::unique_ptr<ImageClassifier> make_image_classifier(const Options& options, const AttentionChoice& attention,
                                                           const ImageGeometry& images) const;
    std::unique_ptr<TextClassifier> make_text_classifier(const Options& options, const AttentionChoice& attention,
                                                         const TextGeometry& texts) const;
    std::unique_ptr<Translator> make_translator(const Options& options, const TranslatorAttention& attention,
                                                const TranslationGeometry& texts) const;

    /// Makers of the model; only that of the kind is not null.
    std::unique_ptr<ImageClassifier> (*image_classifier)(const Options&, const AttentionChoice&,
                                                         const ImageGeometry&) = nullptr;
    std::unique_ptr<TextClassifier> (*text_classifier)(const Options&, const AttentionChoice&,
                                                       const TextGeometry&) = nullptr;
    std::unique_ptr<Translator> (*translator)(const Options&, const TranslatorAttention&,
                                              const TranslationGeometry&) = nullptr;
};

/// All models, in the order in which they are shown.
std::span<const ModelType> model_types();

/// The model of that name. Throws UserError with the nearest name.
const ModelType& model_type(std::string_view name);

}  // namespace heed
