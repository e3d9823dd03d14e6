#include "heed/trainers/hugging_face/architectures/text_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/datasets/text/tokenizers/tokenizer.h"
#include "heed/trainers/hugging_face/architectures/exported_settings.h"
#include "heed/trainers/hugging_face/architectures/wordpiece_files.h"
#include "heed/trainers/hugging_face/folder_name.h"

namespace heed {

namespace {

const std::string pooling_file = "1_Pooling/config.json";

struct PoolingMode {
    const char* key;   ///< of sentence-transformers
    const char* pool;  ///< ours; null: there is none
};

constexpr PoolingMode pooling_modes[] = {{"pooling_mode_cls_token", "first"},
                                         {"pooling_mode_mean_tokens", "mean"},
                                         {"pooling_mode_max_tokens", "max"},
                                         {"pooling_mode_mean_sqrt_len_tokens", nullptr},
                                         {"pooling_mode_weightedmean_tokens", nullptr},
                                         {"pooling_mode_lasttoken", nullptr}};

std::string pool_of_sentences(const std::string& folder) {
    const std::optional<JsonFile> file = optional_json_file(folder + "/" + pooling_file);
    if (!file) return "first";
    std::string pool;
    for (const PoolingMode& mode : pooling_modes) {
        if (!file->flag(mode.key, false)) continue;
        if (mode.pool == nullptr || !pool.empty()) {
            file->fail(mode.key, "one of the first token, the mean and the maximum of the tokens");
        }
        pool = mode.pool;
    }
    if (pool.empty()) throw UserError(file->path() + ": expected a mode of pooling that is true, found none");
    return pool;
}

nlohmann::ordered_json pooling_json(const std::string& pool, int64_t dim) {
    nlohmann::ordered_json json = {{"word_embedding_dimension", dim}};
    for (const PoolingMode& mode : pooling_modes) json[mode.key] = mode.pool != nullptr && pool == mode.pool;
    return json;
}

nlohmann::ordered_json sentence_modules() {
    return {{{"idx", 0}, {"name", "0"}, {"path", ""}, {"type", "sentence_transformers.models.Transformer"}},
            {{"idx", 1}, {"name", "1"}, {"path", "1_Pooling"}, {"type", "sentence_transformers.models.Pooling"}}};
}

nlohmann::json text_details(const DataFacts& facts) {
    return nlohmann::json::parse(facts.details());
}

}  // namespace

bool classifies_texts(const JsonFile& config) {
    return config.architecture().ends_with("ForSequenceClassification");
}

TextEncoderForm text_encoder_form(const std::string& folder, const JsonFile& config) {
    TextEncoderForm form;
    if (!classifies_texts(config)) {
        form.pool = pool_of_sentences(folder);
        return form;
    }
    form.pool = "first";
    form.class_names = config.class_names();
    const std::string problem = config.text("problem_type", "single_label_classification");
    form.several_labels = problem == "multi_label_classification";
    if (problem != "single_label_classification" && !form.several_labels) {
        config.fail("problem_type", "single_label_classification or multi_label_classification");
    }
    if (form.class_names.empty()) form.class_names = {"LABEL_0", "LABEL_1"};  // what transformers has without id2label
    if (form.class_names.size() == 1 && !form.several_labels) {
        config.fail("id2label", "at least two classes, as one means a number to be predicted");
    }
    return form;
}

void add_text_encoder(ImportedModel& model, const TextEncoderForm& form, const std::string& folder,
                      const JsonFile& config) {
    const WordpieceFiles tokenizer = read_wordpiece_files(folder);
    const int64_t vocabulary = config.size("vocab_size"), max_tokens = config.size("max_position_embeddings");
    if (tokenizer.size != vocabulary) {
        throw UserError(fmt::format("{}: vocab_size: expected {}, the number of tokens of the tokenizer, got {}",
                                    config.path(), tokenizer.size, vocabulary));
    }
    const std::vector<std::string> settings = {"model.type=text_classifier",
                                               "model.pool=" + form.pool,
                                               "model.positions=learned",
                                               "model.norm=post",
                                               "model.embedding_norm=true",
                                               "attention.type=sdpa",
                                               "tokenizer.type=wordpiece",
                                               fmt::format("tokenizer.lower={}", tokenizer.lower),
                                               "data.name=text_files",
                                               "data.special_tokens=true",
                                               fmt::format("data.length={}", max_tokens)};
    model.settings.insert(model.settings.end(), settings.begin(), settings.end());
    if (form.several_labels) model.settings.emplace_back("data.label_separator=;");
    constexpr int64_t usual_length = 128;
    model.fine_tuning = {fmt::format("data.length={}", std::min(usual_length, max_tokens)),
                         "data.batch=32",
                         "train.epochs=3",
                         "optimizer.type=adamw",
                         "optimizer.lr=5e-5",
                         "optimizer.weight_decay=0.01",
                         "optimizer.schedule=linear",
                         "optimizer.warmup=10%"};
    model.files.push_back({"tokenizer.file", {"vocab.txt", tokenizer.vocabulary}});
    model.tokenizers["tokenizer"] = tokenizer.bytes;
    const nlohmann::json facts = {{"name", name_of_folder(folder)},
                                  {"class_names", form.class_names},
                                  {"texts",
                                   {{"vocabulary", vocabulary},
                                    {"max_tokens", max_tokens},
                                    {"truncate", "head"},
                                    {"several_labels", form.several_labels},
                                    {"special_tokens", true},
                                    {"tokenizer", "wordpiece"}}}};
    model.facts = facts.dump();
}

std::string text_encoder_obstacle(const TrainedModel& model) {
    for (const auto& [name, tokenizer] : model.facts->tokenizers()) {
        if (tokenizer->kind != "wordpiece") return "its tokenizer is " + tokenizer->kind + ", expected wordpiece";
    }
    if (!text_details(*model.facts).value("special_tokens", false))
        return "data.special_tokens is false, expected true";
    return differing_setting(model, {{"model.norm", "post"},
                                     {"model.embedding_norm", "true"},
                                     {"model.positions", "learned"},
                                     {"model.scale_embedding", "false"},
                                     {"attention.type", "sdpa"}});
}

void add_text_encoder_files(ExportedModel& exported, nlohmann::ordered_json config, const TrainedModel& model) {
    const nlohmann::json details = text_details(*model.facts);
    const std::vector<std::string>& classes = model.facts->class_names;
    config["vocab_size"] = details.at("vocabulary");
    config["max_position_embeddings"] = details.at("max_tokens");
    add_class_names(config, classes);
    if (!classes.empty()) {
        config["problem_type"] =
            details.at("several_labels").get<bool>() ? "multi_label_classification" : "single_label_classification";
    }
    for (const auto& [name, tokenizer] : model.facts->tokenizers()) {
        config["pad_token_id"] = load_tokenizer(tokenizer->kind, tokenizer->bytes)->special().pad;
        for (NamedFile& file : wordpiece_files(*tokenizer, details.at("max_tokens").get<int64_t>())) {
            exported.files.push_back(std::move(file));
        }
    }
    exported.files.push_back({"config.json", config.dump(2) + "\n"});
    if (!classes.empty()) return;
    const int64_t dim = model.recipe.number("model", "dim");
    exported.files.push_back({"modules.json", sentence_modules().dump(2) + "\n"});
    exported.files.push_back({pooling_file, pooling_json(model.recipe.value("model", "pool"), dim).dump(2) + "\n"});
}

}  // namespace heed
