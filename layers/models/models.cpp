#include "heed/layers/models/models.h"

#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/layers/models/vit.h"

namespace heed {

namespace {

template <class T>
std::unique_ptr<Options> model_options() {
    return std::make_unique<T>();
}

const ModelType types[] = {
    {.name = "vit",
     .summary = "vision transformer: patches of an image, an encoder, a linear head",
     .kind = ModelKind::image_classifier,
     .make_options = model_options<VitOptions>,
     .image_classifier =
         [](const Options& options, const AttentionChoice& attention, const ImageGeometry& images) {
             return make_vit(dynamic_cast<const VitOptions&>(options), attention, images);
         }},
    {.name = "text_classifier",
     .summary = "transformer encoder over the words of a text, a pooled vector, a head",
     .kind = ModelKind::text_classifier,
     .make_options = model_options<TextClassifierOptions>,
     .text_classifier =
         [](const Options& options, const AttentionChoice& attention, const TextGeometry& texts) {
             return make_text_classifier(dynamic_cast<const TextClassifierOptions&>(options), attention, texts);
         }},
    {.name = "translator",
     .summary = "encoder-decoder transformer from one language to another",
     .kind = ModelKind::translator,
     .make_options = model_options<TranslatorOptions>,
     .translator =
         [](const Options& options, const TranslatorAttention& attention, const TranslationGeometry& texts) {
             return make_translator(dynamic_cast<const TranslatorOptions&>(options), attention, texts);
         }},
};

[[noreturn]] void refuse_kind(const ModelType& type, ModelKind wanted) {
    std::string names;
    for (const ModelType& other : types) {
        if (other.kind == wanted) names += (names.empty() ? "" : ", ") + std::string(other.name);
    }
    throw UserError(std::string("model type '") + type.name + "' is no " + model_kind_name(wanted) +
                    "; types that are one: " + names);
}

}  // namespace

const char* model_kind_name(ModelKind kind) {
    switch (kind) {
        case ModelKind::image_classifier:
            return "image classifier";
        case ModelKind::text_classifier:
            return "text classifier";
        case ModelKind::translator:
            return "translator";
    }
    return "?";
}

std::unique_ptr<ImageClassifier> ModelType::make_image_classifier(const Options& options,
                                                                  const AttentionChoice& attention,
                                                                  const ImageGeometry& images) const {
    if (!image_classifier) refuse_kind(*this, ModelKind::image_classifier);
    return image_classifier(options, attention, images);
}

std::unique_ptr<TextClassifier> ModelType::make_text_classifier(const Options& options,
                                                                const AttentionChoice& attention,
                                                                const TextGeometry& texts) const {
    if (!text_classifier) refuse_kind(*this, ModelKind::text_classifier);
    return text_classifier(options, attention, texts);
}

std::unique_ptr<Translator> ModelType::make_translator(const Options& options, const TranslatorAttention& attention,
                                                       const TranslationGeometry& texts) const {
    if (!translator) refuse_kind(*this, ModelKind::translator);
    return translator(options, attention, texts);
}

std::span<const ModelType> model_types() {
    return types;
}

const ModelType& model_type(std::string_view name) {
    std::vector<std::string> names;
    for (const ModelType& type : types) {
        if (name == type.name) return type;
        names.emplace_back(type.name);
    }
    throw UserError("unknown model type '" + std::string(name) + "'" + did_you_mean(name, names));
}

}  // namespace heed
