#include "heed/trainers/images/image_predictor.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/answers/class_table.h"
#include "heed/trainers/answers/evaluation_output.h"
#include "heed/trainers/answers/vector_output.h"
#include "heed/trainers/classification/class_probabilities.h"
#include "heed/trainers/classification/classification_meter.h"
#include "heed/trainers/images/activation_dump.h"
#include "heed/trainers/images/image_facts.h"
#include "heed/trainers/images/named_images.h"
#include "heed/trainers/loop/finite.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {
namespace {

/// Whether all images lie in folders of classes. Where only some do, that is said on standard error.
bool are_labelled(const std::vector<NamedImage>& images) {
    const auto labelled =
        std::count_if(images.begin(), images.end(), [](const auto& image) { return image.label >= 0; });
    if (labelled > 0 && labelled < std::ssize(images)) {
        fmt::print(stderr, "heed: {} of {} images lie in no folder with the name of a class: nothing is measured\n",
                   std::ssize(images) - labelled, images.size());
    }
    return labelled == std::ssize(images);
}

using ImagePass = Variable (ImageClassifier::*)(const Tensor&, const ForwardState&);

/// What a pass of the model gives of the images, [images, ...]; the observer is shown it, where there is one.
Variable run_images(SavedModel& saved, ImagePass pass, std::span<NamedImage> images, ForwardObserver* observer) {
    const auto& facts = facts_as<ImageDataFacts>(*saved.trained.facts);
    const ImageShape& shape = facts.shape;
    const PixelTable table(facts.normalisation, shape);
    const auto pixels = static_cast<size_t>(shape.pixels());
    std::vector<float> values(images.size() * pixels);
    for (size_t i = 0; i < images.size(); i++) {
        table.apply(images[i].take_pixels(shape), std::span(values).subspan(i * pixels, pixels));
    }
    const auto count = static_cast<int64_t>(images.size());
    const Tensor input = Tensor::from_host(*saved.context, {count, shape.channels, shape.height, shape.width},
                                           std::span<const float>(values));
    NoGradient guard(*saved.context);
    ForwardState state;
    state.observer = observer;
    Variable result = (saved.trained.model_as<ImageClassifier>().*pass)(input, state);
    if (!all_finite(result.value())) {
        throw Error("the model gives numbers that are not finite for " + images.front().name() +
                    (images.size() > 1 ? " or one of the images after it" : ""));
    }
    return result;
}

/// Logits [images, classes]. `dump` sees what is computed, where there is one.
Variable classify(SavedModel& saved, std::span<NamedImage> images, ActivationDump* dump) {
    Variable logits = run_images(saved, &ImageClassifier::forward, images, dump);
    if (dump != nullptr) dump->logits(logits.value());
    return logits;
}

/// Writes an answer for every image, in order.
class ImageAnswers {
public:
    ImageAnswers(const std::vector<std::string>& classes, const std::vector<NamedImage>& images,
                 const PredictRequest& request)
        : classes_(classes), request_(request), csv_(classes, "") {
        for (const NamedImage& image : images) width_ = std::max(width_, printable(image.name()).size());
        if (are_labelled(images)) meter_.emplace(std::ssize(classes), "images");
        if (!request.csv) return;
        std::vector<std::string> known = {"file"};
        if (meter_) known.emplace_back("truth");
        fmt::print("{}", csv_.header(known));
    }

    void answer(std::span<const NamedImage> images, const Variable& logits) {
        if (meter_) {
            std::vector<int32_t> labels;
            std::vector<int64_t> places;
            for (const NamedImage& image : images) {
                places.push_back(std::ssize(labels));
                labels.push_back(image.label);
            }
            meter_->add(logits, labels, places);
        }
        const std::vector<float> probabilities = class_probabilities(logits, false);
        for (size_t i = 0; i < images.size(); i++) {
            print(images[i], std::span(probabilities).subspan(i * classes_.size(), classes_.size()));
        }
        std::fflush(stdout);
    }

    void finish() {
        if (meter_) print_evaluation(meter_->finish(), classes_, "images", request_);
    }

private:
    void print(const NamedImage& image, std::span<const float> probabilities) const {
        const std::string truth = meter_ ? classes_[static_cast<size_t>(image.label)] : "";
        if (request_.csv) {
            std::vector<std::string> known = {image.name()};
            if (meter_) known.push_back(truth);
            fmt::print("{}", csv_.row(known, probabilities));
        } else if (request_.json) {
            nlohmann::ordered_json json;
            json["file"] = image.file;
            if (image.number >= 0) json["number"] = image.number;
            if (meter_) json["truth"] = truth;
            add_classes(json, classes_, probabilities);
            print_json_line(json);
        } else {
            fmt::print("{:<{}}  {}\n", printable(image.name()), width_,
                       top_classes(classes_, probabilities, std::max<int64_t>(1, request_.top)));
        }
    }

    const std::vector<std::string>& classes_;
    const PredictRequest& request_;
    ClassTable csv_;
    size_t width_ = 0;
    std::optional<ClassificationMeter> meter_;
};

/// What a reader of the dump has to know beside its tensors; texts, lists and objects as JSON.
std::map<std::string, std::string> dump_metadata(const SavedModel& saved, const std::vector<NamedImage>& images) {
    const auto text = [](const nlohmann::ordered_json& json) {
        return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    };
    nlohmann::ordered_json names = nlohmann::ordered_json::array();
    for (const NamedImage& image : images) names.push_back(image.name());
    const PatchTransformerShape shape = saved.trained.model_as<ImageClassifier>().shape();
    return {{"format", "heed-activations-1"},
            {"images", text(names)},
            {"classes", text(saved.trained.facts->class_names)},
            {"attention_type", attention_text(saved.trained.recipe)},
            {"step", std::to_string(saved.trained.step)},
            {"patches", text({{"rows", shape.rows},
                              {"columns", shape.columns},
                              {"class_token", shape.class_token},
                              {"distillation_token", shape.distillation_token}})}};
}

void embed_images(SavedModel& saved, std::span<NamedImage> images, const PredictRequest& request) {
    std::vector<std::string> names;
    for (const NamedImage& image : images) names.push_back(image.name());
    print_vectors(run_images(saved, &ImageClassifier::features, images, nullptr).value(), "file", names, request);
}

}  // namespace

void predict_images(SavedModel& saved, const PredictRequest& request) {
    if (request.files.empty()) throw UserError("heed predict expects the files of the images");
    const auto& facts = facts_as<ImageDataFacts>(*saved.trained.facts);
    ImageClassifier& model = saved.trained.model_as<ImageClassifier>();
    const std::vector<std::string>& classes = facts.class_names;
    DumpContents contents;
    if (!request.dump.empty()) contents = DumpContents::parse(request.dump[0]);
    if (contents.attention) {
        const std::string lacking = lacking_weights(model);
        if (!lacking.empty()) throw UserError("--dump attention: " + lacking);
    }
    std::vector<NamedImage> images = find_named_images(request.files, facts);
    std::optional<ActivationDump> dump;
    if (contents.any()) {
        dump.emplace(contents, model.shape(), static_cast<int64_t>(classes.size()),
                     static_cast<int64_t>(images.size()));
    }
    const auto batch = static_cast<size_t>(saved.trained.recipe.number("data", "batch"));
    const auto for_each_group = [&](const auto& use) {
        for (size_t first = 0; first < images.size(); first += batch) {
            use(std::span(images).subspan(first, std::min(batch, images.size() - first)));
        }
    };
    if (!request.embedding.empty()) {
        for_each_group([&](std::span<NamedImage> group) { embed_images(saved, group, request); });
        return;
    }
    ImageAnswers answers(classes, images, request);
    for_each_group(
        [&](std::span<NamedImage> group) { answers.answer(group, classify(saved, group, dump ? &*dump : nullptr)); });
    answers.finish();
    if (dump) dump->write(request.dump[1], dump_metadata(saved, images));
}

}  // namespace heed
