#include "heed/trainers/images/image_samples.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "heed/core/error.h"
#include "heed/trainers/explanation/model_sample.h"
#include "heed/trainers/images/image_facts.h"
#include "heed/trainers/images/image_workload.h"
#include "heed/trainers/images/named_images.h"

namespace heed {

namespace {

class ImageSample final : public ModelSample {
public:
    ImageSample(SavedModel& saved, ExplainedInput input)
        : ModelSample(saved, std::move(input), {}), values_(static_cast<size_t>(shape().pixels())) {
        PixelTable(facts().normalisation, shape()).apply(this->input().image->pixels, values_);
    }

private:
    Variable whole(const ForwardState& state) override { return model().forward(images(values_), state); }

    Variable parts(const TokenParts& parts) override { return model().forward_parts(images(values_), parts, {}); }

    Variable replaced(std::span<const std::vector<uint8_t>> kept) override {
        std::vector<float> values;
        for (const std::vector<uint8_t>& mask : kept) {
            values.insert(values.end(), values_.begin(), values_.end());
            remove_patches(mask, std::span(values).last(values_.size()));
        }
        return model().forward(images(values), {});
    }

    /// The values of patches that are not kept become 0, which is the mean of what the normalisation was made for.
    void remove_patches(const std::vector<uint8_t>& mask, std::span<float> values) const {
        const PatchTransformerShape grid = model().shape();
        const int64_t rows = shape().height / grid.rows, columns = shape().width / grid.columns;
        for (int64_t pixel = 0; pixel < shape().pixels(); ++pixel) {
            const int64_t row = pixel / shape().width % shape().height, column = pixel % shape().width;
            const int64_t unit = grid.tokens_in_front() + row / rows * grid.columns + column / columns;
            if (mask[static_cast<size_t>(unit)] == 0) values[static_cast<size_t>(pixel)] = 0.0F;
        }
    }

    std::string label(int64_t index) const override { return facts().class_names[static_cast<size_t>(index)]; }

    const ImageDataFacts& facts() const { return facts_as<ImageDataFacts>(*saved().trained.facts); }
    const ImageShape& shape() const { return facts().shape; }
    ImageClassifier& model() const { return saved().trained.model_as<ImageClassifier>(); }
    Tensor images(const std::vector<float>& values) const {
        const int64_t count = std::ssize(values) / shape().pixels();
        return Tensor::from_host(context(), {count, shape().channels, shape().height, shape().width},
                                 std::span<const float>(values));
    }

    std::vector<float> values_;
};

/// `label`: -1 where it is not known.
std::unique_ptr<ExplainedSample> sample_of(SavedModel& saved, std::string place, std::vector<uint8_t> pixels,
                                           int32_t label) {
    const PatchTransformerShape grid = saved.trained.model_as<ImageClassifier>().shape();
    const auto& facts = facts_as<ImageDataFacts>(*saved.trained.facts);
    ExplainedInput input;
    input.place = std::move(place);
    if (grid.class_token) input.units.push_back({"[class]", true});
    if (grid.distillation_token) input.units.push_back({"[distillation]", true});
    for (int64_t patch = 0; patch < grid.rows * grid.columns; ++patch) {
        input.units.push_back({fmt::format("patch {},{}", patch / grid.columns + 1, patch % grid.columns + 1), false});
    }
    if (label >= 0) input.truth.push_back(facts.class_names.at(static_cast<size_t>(label)));
    input.image = {facts.shape, std::move(pixels), grid.rows, grid.columns};
    int64_t read = std::ssize(input.units);
    if (grid.class_token) read = grid.distillation_head ? 2 : 1;
    for (int64_t query = 0; query < read; ++query) input.read_queries.push_back(query);
    return std::make_unique<ImageSample>(saved, std::move(input));
}

}  // namespace

void explain_images(SavedModel& saved, const SampleRequest& request, const TakeSample& take) {
    const auto& facts = facts_as<ImageDataFacts>(*saved.trained.facts);
    if (request.split) {
        ImageWorkload workload(saved.trained, *saved.context);
        const ImageData& data = dynamic_cast<ImageTask&>(workload.task()).data();
        const ImageSplit& split = split_of(data, *request.split);
        for (const int64_t i : request.samples_of_split(split.size())) {
            const int64_t index = split.indices[static_cast<size_t>(i)];
            std::vector<uint8_t> pixels(static_cast<size_t>(facts.shape.pixels()));
            split.source->read_image(index, pixels);
            take(sample_of(saved, fmt::format("{} split, sample {}", split_name(*request.split), i), std::move(pixels),
                           split.source->label(index)));
        }
        return;
    }
    if (request.files.empty()) throw UserError("heed explain expects the files of the images");
    std::vector<NamedImage> images = find_named_images(request.files, facts);
    const int64_t count = request.count_of(std::ssize(images));
    for (int64_t i = 0; i < count; ++i) {
        NamedImage& image = images[static_cast<size_t>(i)];
        take(sample_of(saved, image.name(), image.take_pixels(facts.shape), image.label));
    }
}

}  // namespace heed
