#include "heed/trainers/hugging_face/architectures/bert.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "heed/trainers/hugging_face/architectures/activation_names.h"
#include "heed/trainers/hugging_face/architectures/exported_settings.h"
#include "heed/trainers/hugging_face/architectures/text_encoder.h"

namespace heed {

namespace {

constexpr TensorName bert_names[] = {
    {"embeddings.word_embeddings", "embedding"},
    {"embeddings.position_embeddings", "input.positions"},
    {"embeddings.token_type_embeddings", "input.token_types"},
    {"embeddings.LayerNorm", "input.norm"},
    {"encoder.layer.*.attention.self.query", "encoder.layers.*.attention.query"},
    {"encoder.layer.*.attention.self.key", "encoder.layers.*.attention.key"},
    {"encoder.layer.*.attention.self.value", "encoder.layers.*.attention.value"},
    {"encoder.layer.*.attention.output.dense", "encoder.layers.*.attention.output"},
    {"encoder.layer.*.attention.output.LayerNorm", "encoder.layers.*.norm1"},
    {"encoder.layer.*.intermediate.dense", "encoder.layers.*.mlp.fc1"},
    {"encoder.layer.*.output.dense", "encoder.layers.*.mlp.fc2"},
    {"encoder.layer.*.output.LayerNorm", "encoder.layers.*.norm2"},
    {"pooler.dense", "hidden"},
    {"classifier", "head", StoredForm::same, true},
};

constexpr UnusedTensor bert_unused[] = {
    {"embeddings.position_ids", "the numbers of the places, which are counted"},
    {"pooler.dense", "a layer behind the first token, while the model pools its tokens in another way"},
    {"cls.", "heads of the pretraining: words that were masked, the next sentence"},
    {"classifier", "a head for another task than classes of texts"},
    {"qa_outputs", "a head that answers questions"},
};

/// Whether the pooler is a part of the model: of one with a head, and of one that gives the vector of its first token.
bool has_pooler(const TextEncoderForm& form, const SafetensorsFile& weights) {
    if (!form.class_names.empty()) return true;
    return form.pool == "first" &&
           (weights.find("pooler.dense.weight") != nullptr || weights.find("bert.pooler.dense.weight") != nullptr);
}

class Bert final : public Architecture {
public:
    const char* model_type() const override { return "bert"; }
    TensorTables tables() const override { return {"bert.", bert_names, bert_unused}; }

    ImportedModel read(const std::string& folder, const JsonFile& config,
                       const SafetensorsFile& weights) const override {
        config.expect_text("position_embedding_type", "absolute");
        config.expect_flag("is_decoder", false);
        config.expect_flag("add_cross_attention", false);
        const TextEncoderForm form = text_encoder_form(folder, config);
        const int64_t dim = config.size("hidden_size");
        const double dropout = config.number("hidden_dropout_prob", 0.1);
        ImportedModel model;
        model.settings = {fmt::format("model.dim={}", dim),
                          fmt::format("model.depth={}", config.size("num_hidden_layers")),
                          fmt::format("model.heads={}", config.size("num_attention_heads")),
                          fmt::format("model.mlp_dim={}", config.size("intermediate_size")),
                          fmt::format("model.token_types={}", config.size("type_vocab_size")),
                          fmt::format("model.norm_epsilon={}", config.number("layer_norm_eps", 1e-12)),
                          fmt::format("model.activation={}", our_activation(config, "hidden_act")),
                          fmt::format("model.dropout={}", dropout),
                          fmt::format("model.embedding_dropout={}", dropout),
                          fmt::format("model.head_dropout={}", config.number("classifier_dropout", dropout)),
                          fmt::format("attention.dropout={}", config.number("attention_probs_dropout_prob", 0.1))};
        if (has_pooler(form, weights)) {
            model.settings.push_back(fmt::format("model.hidden={}", dim));
            model.settings.emplace_back("model.hidden_activation=tanh");
        }
        add_text_encoder(model, form, folder, config);
        return model;
    }

    const char* our_model() const override { return "text_classifier"; }

    std::string obstacle(const TrainedModel& model) const override {
        const Recipe& recipe = model.recipe;
        std::string obstacle = text_encoder_obstacle(model);
        if (!obstacle.empty()) return obstacle;
        if (recipe.number("model", "token_types") == 0) return "model.token_types is 0, expected at least 1";
        if (recipe.number("model", "hidden") == 0 && model.facts->class_names.empty()) return "";
        return differing_setting(model, {{"model.pool", "first"},
                                         {"model.hidden", recipe.value("model", "dim")},
                                         {"model.hidden_activation", "tanh"}});
    }

    ExportedModel write(const TrainedModel& model) const override {
        const Recipe& recipe = model.recipe;
        const bool classifies = !model.facts->class_names.empty();
        ExportedModel exported;
        exported.with_base = classifies;
        exported.architecture = classifies ? "BertForSequenceClassification" : "BertModel";
        add_text_encoder_files(exported,
                               {{"architectures", {exported.architecture}},
                                {"model_type", model_type()},
                                {"hidden_size", recipe.number("model", "dim")},
                                {"num_hidden_layers", recipe.number("model", "depth")},
                                {"num_attention_heads", recipe.number("model", "heads")},
                                {"intermediate_size", recipe.number("model", "mlp_dim")},
                                {"type_vocab_size", recipe.number("model", "token_types")},
                                {"hidden_act", their_activation(recipe.value("model", "activation"))},
                                {"layer_norm_eps", real_setting(recipe, "model", "norm_epsilon")},
                                {"hidden_dropout_prob", real_setting(recipe, "model", "dropout")},
                                {"classifier_dropout", real_setting(recipe, "model", "head_dropout")},
                                {"attention_probs_dropout_prob", real_setting(recipe, "attention", "dropout")},
                                {"position_embedding_type", "absolute"}},
                               model);
        return exported;
    }
};

}  // namespace

const Architecture& bert_architecture() {
    static const Bert bert;
    return bert;
}

}  // namespace heed
