#include "heed/trainers/hugging_face/architectures/vision_transformer.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/trainers/hugging_face/architectures/activation_names.h"
#include "heed/trainers/hugging_face/architectures/exported_settings.h"
#include "heed/trainers/hugging_face/folder_name.h"

namespace heed {

namespace {

constexpr TensorName image_names[] = {
    {"embeddings.cls_token", "class_token", StoredForm::token},
    {"embeddings.distillation_token", "distillation_token", StoredForm::token},
    {"embeddings.position_embeddings", "positions.weight", StoredForm::tokens},
    {"embeddings.patch_embeddings.projection.weight", "patch_embedding.projection.weight", StoredForm::filters},
    {"embeddings.patch_embeddings.projection.bias", "patch_embedding.projection.bias"},
    {"encoder.layer.*.attention.attention.query", "encoder.layers.*.attention.query"},
    {"encoder.layer.*.attention.attention.key", "encoder.layers.*.attention.key"},
    {"encoder.layer.*.attention.attention.value", "encoder.layers.*.attention.value"},
    {"encoder.layer.*.attention.output.dense", "encoder.layers.*.attention.output"},
    {"encoder.layer.*.layernorm_before", "encoder.layers.*.norm1"},
    {"encoder.layer.*.layernorm_after", "encoder.layers.*.norm2"},
    {"encoder.layer.*.intermediate.dense", "encoder.layers.*.mlp.fc1"},
    {"encoder.layer.*.output.dense", "encoder.layers.*.mlp.fc2"},
    {"layernorm", "encoder.norm"},
    {"classifier", "head", StoredForm::same, true},
};

/// The names of the heads where there are two.
constexpr TensorName teacher_heads[] = {
    {"cls_classifier", "head", StoredForm::same, true},
    {"distillation_classifier", "distillation_head", StoredForm::same, true},
};

constexpr UnusedTensor image_unused[] = {
    {"pooler.dense", "a layer behind the class token, whose vector itself is what heads read"},
    {"embeddings.mask_token", "stands for patches that were hidden in the pretraining"},
    {"decoder.", "a head of the pretraining: patches that were hidden"},
};

/// The rows of the table with other heads.
std::span<const TensorName> names_with_two_heads() {
    static const std::vector<TensorName> names = [] {
        std::vector<TensorName> all(std::begin(teacher_heads), std::end(teacher_heads));
        all.insert(all.end(), std::begin(image_names), std::prev(std::end(image_names)));
        return all;
    }();
    return names;
}

/// What every channel of an image is reduced by and divided by, pixels from 0 to 1.
struct ChannelScale {
    std::vector<double> mean, deviation;
};

/// As preprocessor_config.json has it, else as transformers does without.
ChannelScale channel_scale(const std::string& folder, int64_t channels) {
    const std::vector<double> half(static_cast<size_t>(channels), 0.5);
    const std::optional<JsonFile> file = optional_json_file(folder + "/preprocessor_config.json");
    if (!file) return {half, half};
    if (!file->flag("do_normalize", true)) return {{0.0}, {1.0}};
    file->expect_flag("do_rescale", true);
    if (std::abs(file->number("rescale_factor", 1.0 / 255) - 1.0 / 255) > 1e-9) file->fail("rescale_factor", "1/255");
    ChannelScale scale = {file->numbers("image_mean", half), file->numbers("image_std", half)};
    for (const auto& [key, values] : {std::pair("image_mean", &scale.mean), std::pair("image_std", &scale.deviation)}) {
        if (std::ssize(*values) != channels) file->fail(key, fmt::format("{} numbers", channels));
    }
    for (const double value : scale.deviation) {
        if (!(value > 0)) file->fail("image_std", "numbers above 0");
    }
    return scale;
}

class VisionTransformer final : public Architecture {
public:
    /// `distillation`: as model.distillation.
    explicit VisionTransformer(const char* distillation) : distillation_(distillation) {}

    const char* model_type() const override { return distillation_ == "none" ? "vit" : "deit"; }
    const char* our_model() const override { return "vit"; }

    bool accepts(const JsonFile& config) const override {
        return distillation_ == "none" || has_two_heads() == config.architecture().ends_with("WithTeacher");
    }

    TensorTables tables() const override {
        return {distillation_ == "none" ? "vit." : "deit.",
                has_two_heads() ? names_with_two_heads() : std::span<const TensorName>(image_names), image_unused};
    }

    ImportedModel read(const std::string& folder, const JsonFile& config, const SafetensorsFile&) const override {
        config.expect_flag("qkv_bias", true);
        const int64_t side = config.size("image_size"), channels = config.size("num_channels");
        const ChannelScale scale = channel_scale(folder, channels);
        const bool classifies = config.architecture().find("ForImageClassification") != std::string::npos;
        std::vector<std::string> classes = classifies ? config.class_names() : std::vector<std::string>{};
        if (classifies && classes.empty()) classes = {"LABEL_0", "LABEL_1"};  // what transformers has without id2label
        ImportedModel model;
        model.patch = config.size("patch_size");
        model.settings = {"model.type=vit",
                          fmt::format("model.dim={}", config.size("hidden_size")),
                          fmt::format("model.depth={}", config.size("num_hidden_layers")),
                          fmt::format("model.heads={}", config.size("num_attention_heads")),
                          fmt::format("model.mlp_dim={}", config.size("intermediate_size")),
                          fmt::format("model.patch={}", model.patch),
                          fmt::format("model.norm_epsilon={}", config.number("layer_norm_eps", 1e-12)),
                          fmt::format("model.activation={}", our_activation(config, "hidden_act")),
                          fmt::format("model.dropout={}", config.number("hidden_dropout_prob", 0.0)),
                          "model.norm=pre",
                          "model.pool=class",
                          "model.positions=learned",
                          "model.distillation=" + distillation_,
                          "attention.type=sdpa",
                          fmt::format("attention.dropout={}", config.number("attention_probs_dropout_prob", 0.0)),
                          "data.name=image_folder",
                          fmt::format("data.size={}", side),
                          fmt::format("data.grey={}", channels == 1),
                          fmt::format("data.mean=[{}]", fmt::join(scale.mean, ", ")),
                          fmt::format("data.std=[{}]", fmt::join(scale.deviation, ", "))};
        model.fine_tuning = {"data.batch=32",
                             "train.epochs=5",
                             "train.clip=1",
                             "optimizer.type=adamw",
                             "optimizer.lr=1e-4",
                             "optimizer.weight_decay=0.05",
                             "optimizer.schedule=cosine",
                             "optimizer.warmup=10%"};
        const nlohmann::json facts = {
            {"name", name_of_folder(folder)},
            {"class_names", classes},
            {"images", {{"shape", {channels, side, side}}, {"mean", scale.mean}, {"deviation", scale.deviation}}}};
        model.facts = facts.dump();
        return model;
    }

    std::string obstacle(const TrainedModel& model) const override {
        const std::string differs = differing_setting(model, {{"model.distillation", distillation_},
                                                              {"model.norm", "pre"},
                                                              {"model.pool", "class"},
                                                              {"model.positions", "learned"},
                                                              {"model.overlap", "0"},
                                                              {"attention.type", "sdpa"}});
        if (!differs.empty()) return differs;
        const nlohmann::json shape = nlohmann::json::parse(model.facts->details()).at("shape");
        return shape.at(1) == shape.at(2) ? "" : "its images are not square";
    }

    ExportedModel write(const TrainedModel& model) const override {
        const Recipe& recipe = model.recipe;
        const nlohmann::json details = nlohmann::json::parse(model.facts->details());
        const nlohmann::json& shape = details.at("shape");
        const bool classifies = !model.facts->class_names.empty();
        const std::string name = distillation_ == "none" ? "ViT" : "DeiT";
        ExportedModel exported;
        exported.patch = recipe.number("model", "patch");
        exported.with_base = classifies;
        exported.architecture = name + (classifies ? "ForImageClassification" : "Model");
        if (classifies && has_two_heads()) exported.architecture += "WithTeacher";
        nlohmann::ordered_json config = {{"architectures", {exported.architecture}},
                                         {"model_type", model_type()},
                                         {"hidden_size", recipe.number("model", "dim")},
                                         {"num_hidden_layers", recipe.number("model", "depth")},
                                         {"num_attention_heads", recipe.number("model", "heads")},
                                         {"intermediate_size", recipe.number("model", "mlp_dim")},
                                         {"hidden_act", their_activation(recipe.value("model", "activation"))},
                                         {"layer_norm_eps", real_setting(recipe, "model", "norm_epsilon")},
                                         {"hidden_dropout_prob", real_setting(recipe, "model", "dropout")},
                                         {"attention_probs_dropout_prob", real_setting(recipe, "attention", "dropout")},
                                         {"image_size", shape.at(1)},
                                         {"patch_size", exported.patch},
                                         {"num_channels", shape.at(0)},
                                         {"qkv_bias", true}};
        add_class_names(config, model.facts->class_names);
        const auto channels = shape.at(0).get<size_t>();
        const auto for_channels = [&](const char* key) {
            auto values = details.at(key).get<std::vector<double>>();
            values.resize(channels, values.front());
            return values;
        };
        const nlohmann::ordered_json preprocessor = {{"image_processor_type", name + "ImageProcessor"},
                                                     {"do_resize", true},
                                                     {"size", {{"height", shape.at(1)}, {"width", shape.at(2)}}},
                                                     {"do_center_crop", false},
                                                     {"do_rescale", true},
                                                     {"rescale_factor", 1.0 / 255},
                                                     {"do_normalize", true},
                                                     {"image_mean", for_channels("mean")},
                                                     {"image_std", for_channels("deviation")}};
        exported.files = {{"config.json", config.dump(2) + "\n"},
                          {"preprocessor_config.json", preprocessor.dump(2) + "\n"}};
        return exported;
    }

private:
    bool has_two_heads() const { return distillation_ == "head"; }

    std::string distillation_;
};

}  // namespace

const Architecture& vit_architecture() {
    static const VisionTransformer vit("none");
    return vit;
}

const Architecture& deit_architecture() {
    static const VisionTransformer deit("token");
    return deit;
}

const Architecture& deit_teacher_architecture() {
    static const VisionTransformer deit("head");
    return deit;
}

}  // namespace heed
