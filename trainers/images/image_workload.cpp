#include "heed/trainers/images/image_workload.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/datasets/files/free_memory.h"
#include "heed/datasets/images/sets/registry.h"
#include "heed/trainers/classification/class_weights.h"
#include "heed/trainers/images/attention_inspection.h"
#include "heed/trainers/images/image_facts.h"
#include "heed/trainers/images/image_model.h"
#include "heed/trainers/images/report/image_sections.h"
#include "heed/trainers/images/report/training_pictures.h"
#include "heed/trainers/inspection/attention_places.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/placed.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/report/remarks.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

ImageData open_images(const Recipe& recipe) {
    const Section& data = recipe.section("data");
    return image_data_set(data.choice()).open(recipe.options<ImageDataOptions>("data"));
}

/// The data of the recipe, normalised as in training.
ImageData open_images_for(const TrainedModel& trained) {
    ImageData data = open_images(trained.recipe);
    const std::vector<std::string>& names = trained.facts->class_names;
    const auto& input = facts_as<ImageDataFacts>(*trained.facts);
    if (data.shape() != input.shape || data.class_names() != names) {
        throw UserError(fmt::format(
            "the model was trained on {} images of {} classes, but {} has {} images of {} classes{}",
            to_string(input.shape), names.size(), data.name, to_string(data.shape()), data.class_names().size(),
            data.class_names().size() == names.size() ? " with other names" : ""));
    }
    data.normalisation = input.normalisation;
    return data;
}

SharedFacts facts_of_images(const ImageData& data, const SharedFacts& known) {
    std::shared_ptr<ImageDataFacts> facts = ImageDataFacts::of(data);
    if (known) check_unchanged(*known, facts->fingerprints, data.folder.string());
    return facts;
}

std::vector<float> class_weights_of(const Recipe& recipe, const ImageData& data) {
    return placed(recipe, [&] {
        return class_weights(recipe.options<ClassWeightOptions>("train.classes"),
                             {data.class_names(), class_counts(data.train), data.train.size()});
    });
}

}  // namespace

ImageWorkload::ImageWorkload(const Recipe& recipe, Context& context, const SharedFacts& known)
    : recipe_(recipe),
      context_(context),
      data_(open_images(recipe)),
      facts_(facts_of_images(data_, known)),
      own_model_(make_image_model(recipe, facts_as<ImageDataFacts>(*facts_).geometry())),
      model_(*own_model_),
      batch_(recipe.options<ImageDataOptions>("data").batch),
      class_weights_(class_weights_of(recipe, data_)),
      task_(context_, model_, data_, recipe.options<TrainOptions>("train").label_smoothing, batch_,
            recipe.options<AugmentOptions>("data.augment"), class_weights_) {
    // Now rather than in the loader, so that what does not fit leaves no run folder behind.
    facts_->kind().check_fit(recipe, facts_.get());
    const auto floats = static_cast<int64_t>(sizeof(float)) * BatchPlan().buffers;
    check_memory(floats * std::min(batch_, data_.train.size()) * data_.shape().pixels(),
                 fmt::format("{} batches of {} images of {}", BatchPlan().buffers, batch_, to_string(data_.shape())),
                 "lower data.batch (train.accumulate makes up for it) or data.size");
}

ImageWorkload::ImageWorkload(TrainedModel& trained, Context& context)
    : recipe_(trained.recipe),
      context_(context),
      data_(open_images_for(trained)),
      facts_(trained.facts),
      model_(trained.model_as<ImageClassifier>()),
      batch_(recipe_.options<ImageDataOptions>("data").batch),
      task_(context_, model_, data_, 0.0, batch_) {}

std::vector<std::string> ImageWorkload::changed_data() const {
    return facts_->fingerprints.changed(ImageDataFacts::of(data_)->fingerprints);
}

int64_t ImageWorkload::most_tokens() const {
    return model_.tokens();
}

int64_t ImageWorkload::attention_weights() const {
    const PatchTransformerShape shape = model_.shape();
    return shape.heads * shape.tokens() * shape.tokens();
}

std::vector<std::string> ImageWorkload::description() {
    std::vector<std::string> lines = {
        fmt::format("{}: {} training, {} validation, {} test images of {}", data_.name, data_.train.size(),
                    data_.validation.size(), data_.test.size(), to_string(data_.shape())),
        fmt::format("{} with {} attention: {} parameters, {} tokens an image", recipe_.section("model").choice(),
                    attention_text(recipe_), model_.parameter_count(), model_.tokens())};
    lines.insert(lines.end(), data_.remarks.begin(), data_.remarks.end());
    for (const std::string& remark :
         {unseen_classes_line(data_.class_names(), class_counts(data_.train), "image"),
          class_weights_line(class_weights_, data_.class_names()), attention_remark(model_, most_tokens())}) {
        if (!remark.empty()) lines.push_back(remark);
    }
    return lines;
}

void ImageWorkload::add_to_report(ReportInput& input, const Evaluation& test) {
    input.facts = {{"Data", data_.name + ", images of " + to_string(data_.shape())},
                   {"Images", fmt::format("{} training, {} validation, {} test", group_digits(data_.train.size()),
                                          group_digits(data_.validation.size()), group_digits(data_.test.size()))},
                   {"Tokens of an image", std::to_string(model_.tokens())}};
    add_classification_result(input, test);
    if (!data_.remarks.empty()) input.sections.push_back(data_remarks_html(data_.remarks));
    const TrainOptions& train = recipe_.options<TrainOptions>("train");
    BatchPlan plan;
    plan.batch = batch_ * train.accumulate;
    plan.micro_batches = train.accumulate;
    plan.shuffle = train.shuffle;
    plan.seed = static_cast<uint64_t>(train.seed);
    constexpr int64_t pictures = 24;
    AttentionInspection attention = inspect_attention(context_, model_, data_, test);
    attention.remark = self_attention_remark(recipe_);
    add_image_sections(input, data_, test, &attention,
                       first_training_pictures(data_, recipe_.options<AugmentOptions>("data.augment"), plan, pictures));
}

}  // namespace heed
