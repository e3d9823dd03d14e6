#include "heed/trainers/images/image_predictor.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "heed/core/error.h"
#include "heed/core/ops/rows/softmax.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/images/formats/idx.h"
#include "heed/datasets/images/formats/image_file.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/images/activation_dump.h"
#include "heed/trainers/images/image_facts.h"
#include "heed/trainers/loop/finite.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {
namespace {

/// An image as a user knows it: its file and, in a file of many, its number.
struct NamedImage {
    std::string file;
    int64_t number = -1;
    std::vector<uint8_t> pixels;

    std::string name() const { return number < 0 ? file : fmt::format("{}#{}", file, number); }
};

std::vector<NamedImage> read_idx_images(const std::string& file, const ImageShape& shape) {
    IdxArray array = read_idx(file, 3);
    if (shape.channels != 1 || array.shape[1] != shape.height || array.shape[2] != shape.width) {
        throw UserError(fmt::format("{} expects images of {}, got {}", file, to_string(shape),
                                    to_string(ImageShape{1, array.shape[1], array.shape[2]})));
    }
    std::vector<NamedImage> images;
    const auto pixels = static_cast<std::ptrdiff_t>(shape.pixels());
    for (int64_t i = 0; i < array.shape[0]; i++) {
        const auto first = array.values.begin() + i * pixels;
        images.push_back({file, i, {first, first + pixels}});
    }
    return images;
}

std::vector<NamedImage> read_images(const std::string& file, const ImageShape& shape) {
    if (is_image_file(file)) {
        std::vector<NamedImage> images = {{file, -1, std::vector<uint8_t>(static_cast<size_t>(shape.pixels()))}};
        read_image_file(file, shape, nullptr, images.front().pixels);
        return images;
    }
    try {
        return read_idx_images(file, shape);
    } catch (const UserError& error) {
        throw UserError(fmt::format("{} (expected a PNG file, a JPEG file or an idx file of images)", error.what()));
    }
}

/// Probabilities of the classes, row after row. `dump` sees what is computed, where there is one.
std::vector<float> classify(SavedModel& saved, std::span<const NamedImage> images, ActivationDump* dump) {
    const auto& facts = facts_as<ImageDataFacts>(*saved.trained.facts);
    const ImageShape& shape = facts.shape;
    const PixelTable table(facts.normalisation, shape);
    const auto pixels = static_cast<size_t>(shape.pixels());
    std::vector<float> values(images.size() * pixels);
    for (size_t i = 0; i < images.size(); i++) {
        table.apply(images[i].pixels, std::span(values).subspan(i * pixels, pixels));
    }
    const auto count = static_cast<int64_t>(images.size());
    const Tensor input = Tensor::from_host(*saved.context, {count, shape.channels, shape.height, shape.width},
                                           std::span<const float>(values));
    NoGradient guard(*saved.context);
    ForwardState state;
    state.observer = dump;
    const Variable logits = saved.trained.model_as<ImageClassifier>().forward(input, state);
    if (!all_finite(logits.value())) {
        throw Error("the model gives numbers that are not finite for " + images.front().name() +
                    (images.size() > 1 ? " or one of the images after it" : ""));
    }
    if (dump != nullptr) dump->logits(logits.value());
    return softmax(logits).value().to_vector();
}

void print_json(const NamedImage& image, const std::vector<std::string>& classes,
                std::span<const float> probabilities) {
    nlohmann::ordered_json json;
    json["file"] = image.file;
    if (image.number >= 0) json["number"] = image.number;
    add_classes(json, classes, probabilities);
    print_json_line(json);
}

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
            {"patches", text({{"rows", shape.rows}, {"columns", shape.columns}, {"class_token", shape.class_token}})}};
}

}  // namespace

void predict_images(SavedModel& saved, const PredictRequest& request) {
    if (request.files.empty()) throw UserError("heed predict expects the files of the images");
    const auto& facts = facts_as<ImageDataFacts>(*saved.trained.facts);
    const ImageClassifier& model = saved.trained.model_as<ImageClassifier>();
    const std::vector<std::string>& classes = facts.class_names;
    DumpContents contents;
    if (!request.dump.empty()) contents = DumpContents::parse(request.dump[0]);
    std::vector<NamedImage> images;
    for (const std::string& file : request.files) {
        for (NamedImage& image : read_images(file, facts.shape)) images.push_back(std::move(image));
    }
    std::optional<ActivationDump> dump;
    if (contents.any()) {
        dump.emplace(contents, model.shape(), static_cast<int64_t>(classes.size()),
                     static_cast<int64_t>(images.size()));
    }
    const int64_t top = std::max<int64_t>(1, request.top);
    size_t width = 0;
    for (const NamedImage& image : images) width = std::max(width, printable(image.name()).size());
    const auto batch = static_cast<size_t>(saved.trained.recipe.number("data", "batch"));
    for (size_t first = 0; first < images.size(); first += batch) {
        const auto group = std::span(images).subspan(first, std::min(batch, images.size() - first));
        const std::vector<float> probabilities = classify(saved, group, dump ? &*dump : nullptr);
        for (size_t i = 0; i < group.size(); i++) {
            const auto row = std::span(probabilities).subspan(i * classes.size(), classes.size());
            if (request.json) {
                print_json(group[i], classes, row);
            } else {
                fmt::print("{:<{}}  {}\n", printable(group[i].name()), width, top_classes(classes, row, top));
            }
        }
    }
    if (dump) dump->write(request.dump[1], dump_metadata(saved, images));
}

}  // namespace heed
