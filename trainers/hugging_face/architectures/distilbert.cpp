#include "heed/trainers/hugging_face/architectures/distilbert.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "heed/trainers/hugging_face/architectures/activation_names.h"
#include "heed/trainers/hugging_face/architectures/exported_settings.h"
#include "heed/trainers/hugging_face/architectures/text_encoder.h"

namespace heed {

namespace {

constexpr TensorName distilbert_names[] = {
    {"embeddings.word_embeddings", "embedding"},
    {"embeddings.position_embeddings", "input.positions"},
    {"embeddings.LayerNorm", "input.norm"},
    {"transformer.layer.*.attention.q_lin", "encoder.layers.*.attention.query"},
    {"transformer.layer.*.attention.k_lin", "encoder.layers.*.attention.key"},
    {"transformer.layer.*.attention.v_lin", "encoder.layers.*.attention.value"},
    {"transformer.layer.*.attention.out_lin", "encoder.layers.*.attention.output"},
    {"transformer.layer.*.sa_layer_norm", "encoder.layers.*.norm1"},
    {"transformer.layer.*.ffn.lin1", "encoder.layers.*.mlp.fc1"},
    {"transformer.layer.*.ffn.lin2", "encoder.layers.*.mlp.fc2"},
    {"transformer.layer.*.output_layer_norm", "encoder.layers.*.norm2"},
    {"pre_classifier", "hidden", StoredForm::same, true},
    {"classifier", "head", StoredForm::same, true},
};

constexpr UnusedTensor distilbert_unused[] = {
    {"embeddings.position_ids", "the numbers of the places, which are counted"},
    {"vocab_transform", "a head of the pretraining: words that were masked"},
    {"vocab_layer_norm", "a head of the pretraining: words that were masked"},
    {"vocab_projector", "a head of the pretraining: words that were masked"},
    {"classifier", "a head for another task than classes of texts"},
    {"qa_outputs", "a head that answers questions"},
};

/// Fixed in transformers.
constexpr const char* distilbert_epsilon = "1e-12";

class DistilBert final : public Architecture {
public:
    const char* model_type() const override { return "distilbert"; }
    TensorTables tables() const override { return {"distilbert.", distilbert_names, distilbert_unused}; }

    ImportedModel read(const std::string& folder, const JsonFile& config, const SafetensorsFile&) const override {
        const TextEncoderForm form = text_encoder_form(folder, config);
        const int64_t dim = config.size("dim");
        const double dropout = config.number("dropout", 0.1);
        ImportedModel model;
        model.settings = {fmt::format("model.dim={}", dim),
                          fmt::format("model.depth={}", config.size("n_layers")),
                          fmt::format("model.heads={}", config.size("n_heads")),
                          fmt::format("model.mlp_dim={}", config.size("hidden_dim")),
                          fmt::format("model.norm_epsilon={}", distilbert_epsilon),
                          fmt::format("model.activation={}", our_activation(config, "activation")),
                          fmt::format("model.dropout={}", dropout),
                          fmt::format("model.embedding_dropout={}", dropout),
                          fmt::format("model.head_dropout={}", config.number("seq_classif_dropout", 0.2)),
                          fmt::format("attention.dropout={}", config.number("attention_dropout", 0.1))};
        if (!form.class_names.empty()) model.settings.push_back(fmt::format("model.hidden={}", dim));
        add_text_encoder(model, form, folder, config);
        return model;
    }

    const char* our_model() const override { return "text_classifier"; }

    std::string obstacle(const TrainedModel& model) const override {
        const std::string obstacle = text_encoder_obstacle(model);
        if (!obstacle.empty()) return obstacle;
        const bool classifies = !model.facts->class_names.empty();
        std::vector<std::pair<std::string, std::string>> wanted = {
            {"model.token_types", "0"}, {"model.norm_epsilon", distilbert_epsilon}, {"model.hidden", "0"}};
        if (classifies) {
            wanted.back().second = model.recipe.value("model", "dim");
            wanted.emplace_back("model.hidden_activation", "relu");
            wanted.emplace_back("model.pool", "first");
        }
        return differing_setting(model, wanted);
    }

    ExportedModel write(const TrainedModel& model) const override {
        const Recipe& recipe = model.recipe;
        const bool classifies = !model.facts->class_names.empty();
        ExportedModel exported;
        exported.with_base = classifies;
        exported.architecture = classifies ? "DistilBertForSequenceClassification" : "DistilBertModel";
        add_text_encoder_files(exported,
                               {{"architectures", {exported.architecture}},
                                {"model_type", model_type()},
                                {"dim", recipe.number("model", "dim")},
                                {"n_layers", recipe.number("model", "depth")},
                                {"n_heads", recipe.number("model", "heads")},
                                {"hidden_dim", recipe.number("model", "mlp_dim")},
                                {"activation", their_activation(recipe.value("model", "activation"))},
                                {"dropout", real_setting(recipe, "model", "dropout")},
                                {"seq_classif_dropout", real_setting(recipe, "model", "head_dropout")},
                                {"attention_dropout", real_setting(recipe, "attention", "dropout")},
                                {"sinusoidal_pos_embds", false}},
                               model);
        return exported;
    }
};

}  // namespace

const Architecture& distilbert_architecture() {
    static const DistilBert distilbert;
    return distilbert;
}

}  // namespace heed
