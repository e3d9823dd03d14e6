#include "heed/trainers/images/image_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "heed/core/error.h"
#include "heed/datasets/images/augmentation/augment_options.h"
#include "heed/datasets/images/augmentation/augmentation.h"
#include "heed/datasets/images/sets/registry.h"
#include "heed/layers/models/image_models.h"
#include "heed/trainers/classification/class_weights.h"
#include "heed/trainers/images/image_facts.h"
#include "heed/trainers/images/image_model.h"
#include "heed/trainers/images/image_predictor.h"
#include "heed/trainers/images/image_samples.h"
#include "heed/trainers/images/image_workload.h"
#include "heed/trainers/recipe/placed.h"

namespace heed {

namespace {

class ImageKind final : public TrainingKind {
public:
    const char* id() const override { return "images"; }
    const char* name() const override { return ImageDataFacts::kind_name; }
    const char* model_name() const override { return "an image classifier"; }
    std::vector<std::string> metrics() const override { return {"loss", "accuracy", "f1", "top5"}; }
    const char* unit() const override { return "images"; }

    std::vector<SectionChoice> models() const override { return choices_of(image_model_types()); }
    std::vector<SectionChoice> data_sets() const override { return choices_of(image_data_sets()); }
    std::vector<SectionSpec> sections() const override {
        return {untyped_section<AugmentOptions>(
                    "data.augment", "How training images are changed at random; validation and test never are."),
                class_weight_section()};
    }

    std::unique_ptr<DataFacts> read_details(const std::string& json) const override {
        return ImageDataFacts::from_details(json);
    }

    std::unique_ptr<Module> make_model(const Recipe& recipe, const DataFacts& facts) const override {
        return make_image_model(recipe, facts_as<ImageDataFacts>(facts).geometry());
    }

    std::optional<PatchGrid> patch_grid(const Module& model) const override {
        const PatchTransformerShape shape = dynamic_cast<const ImageClassifier&>(model).shape();
        return PatchGrid{shape.rows, shape.columns, shape.class_token, shape.distillation_token};
    }

    std::vector<std::string> class_parameters() const override { return {"head.", "distillation_head."}; }

    /// A square, with a class token where there is one.
    std::optional<PatchGrid> patch_grid(const SafetensorsFile& weights) const override {
        const StoredTensor* positions = weights.find("positions.weight");
        if (!positions || positions->shape.size() != 2) return {};
        const bool class_token = weights.find("class_token") != nullptr;
        const bool distillation_token = weights.find("distillation_token") != nullptr;
        const auto side = static_cast<int64_t>(std::sqrt(static_cast<double>(positions->shape[0])));
        const PatchGrid grid{side, side, class_token, distillation_token};
        return grid.tokens() == positions->shape[0] ? std::optional(grid) : std::nullopt;
    }

    std::unique_ptr<Workload> open(const Recipe& recipe, Context& context, const SharedFacts& known) const override {
        return std::make_unique<ImageWorkload>(recipe, context, known);
    }
    std::unique_ptr<Workload> open(TrainedModel& trained, Context& context) const override {
        return std::make_unique<ImageWorkload>(trained, context);
    }

    void check_fit(const Recipe& recipe, const DataFacts* facts) const override {
        const ImageDataOptions& data = recipe.options<ImageDataOptions>("data");
        Normalisation normalisation{data.mean, data.deviation};
        std::optional<ImageShape> shape = image_data_set(recipe.section("data").choice()).shape_with(data);
        if (facts) {
            normalisation = facts_as<ImageDataFacts>(*facts).normalisation;
            shape = facts_as<ImageDataFacts>(*facts).shape;
        }
        if (!shape) return;
        placed(recipe, [&] { Augmentation(recipe.options<AugmentOptions>("data.augment"), normalisation, *shape, 0); });
    }

    std::optional<ExpectedData> expected_data(const Recipe& recipe) const override {
        const ImageDataSet& data = image_data_set(recipe.section("data").choice());
        const ImageDataOptions& options = recipe.options<ImageDataOptions>("data");
        const std::optional<ImageFacts> known = data.facts_with(options);
        if (!known) return std::nullopt;
        auto facts = std::make_shared<ImageDataFacts>();
        facts->name = data.name;
        facts->class_names.resize(static_cast<size_t>(known->classes));
        facts->shape = known->shape;
        facts->normalisation = {options.mean, options.deviation};
        placed(recipe, [&] { PixelTable(facts->normalisation, known->shape); });
        const int64_t images = without_validation(known->train_images, options.validation);
        return ExpectedData{facts, options.limit > 0 ? std::min(images, options.limit) : images};
    }

    SampleCost sample_cost(const Recipe&, Module& module, const ExpectedData&) const override {
        const ImageClassifier& model = dynamic_cast<ImageClassifier&>(module);
        SampleCost cost;
        cost.tokens = model.tokens();
        cost.multiplies = model.multiplies();
        cost.sample = "an image";
        cost.samples = "images";
        cost.tokens_text = fmt::format("{} an image", cost.tokens);
        return cost;
    }

    Variable forward_empty(Module& model, const DataFacts& facts, Context& context, int64_t count) const override {
        const ImageShape& shape = facts_as<ImageDataFacts>(facts).shape;
        ForwardState state;
        state.training = true;
        return dynamic_cast<ImageClassifier&>(model).forward(
            Tensor::zeros(context, {count, shape.channels, shape.height, shape.width}), state);
    }

    std::vector<std::pair<std::string, std::string>> information(const TrainedModel& trained) const override {
        const auto& facts = facts_as<ImageDataFacts>(*trained.facts);
        const ImageClassifier& model = trained.model_as<ImageClassifier>();
        return {{"data", fmt::format("{}: {} images, {} classes", facts.name, to_string(facts.shape),
                                     facts.class_names.size())},
                {"model", fmt::format("{}: {} tokens, {} multiply-adds an image",
                                      trained.recipe.section("model").choice(), model.tokens(), model.multiplies())}};
    }

    void predict(SavedModel& saved, const PredictRequest& request) const override { predict_images(saved, request); }
    void explain(SavedModel& saved, const SampleRequest& request, const TakeSample& take) const override {
        explain_images(saved, request, take);
    }
    std::vector<std::string> served_commands() const override { return {"predict", "explain"}; }
    std::vector<std::string> settings_of(const std::string& command) const override {
        if (command == "predict") return {"data.batch"};
        if (command == "explain") return {"data.root"};
        return {"data.root", "data.batch"};
    }
};

}  // namespace

const TrainingKind& image_kind() {
    static const ImageKind kind;
    return kind;
}

}  // namespace heed
