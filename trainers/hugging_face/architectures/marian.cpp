#include "heed/trainers/hugging_face/architectures/marian.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "heed/core/error.h"
#include "heed/datasets/files/byte_reader.h"
#include "heed/datasets/text/tokenizers/marian_tokenizer.h"
#include "heed/trainers/hugging_face/architectures/activation_names.h"
#include "heed/trainers/hugging_face/architectures/exported_settings.h"
#include "heed/trainers/hugging_face/folder_name.h"

namespace heed {

namespace {

constexpr TensorName marian_names[] = {
    {"shared", "embedding"},
    {"encoder.embed_tokens", "source_embedding"},
    {"decoder.embed_tokens", "target_embedding"},
    {"encoder.layers.*.self_attn.q_proj", "encoder.layers.*.attention.query"},
    {"encoder.layers.*.self_attn.k_proj", "encoder.layers.*.attention.key"},
    {"encoder.layers.*.self_attn.v_proj", "encoder.layers.*.attention.value"},
    {"encoder.layers.*.self_attn.out_proj", "encoder.layers.*.attention.output"},
    {"encoder.layers.*.self_attn_layer_norm", "encoder.layers.*.norm1"},
    {"encoder.layers.*.fc1", "encoder.layers.*.mlp.fc1"},
    {"encoder.layers.*.fc2", "encoder.layers.*.mlp.fc2"},
    {"encoder.layers.*.final_layer_norm", "encoder.layers.*.norm2"},
    {"decoder.layers.*.self_attn.q_proj", "decoder.layers.*.self_attention.query"},
    {"decoder.layers.*.self_attn.k_proj", "decoder.layers.*.self_attention.key"},
    {"decoder.layers.*.self_attn.v_proj", "decoder.layers.*.self_attention.value"},
    {"decoder.layers.*.self_attn.out_proj", "decoder.layers.*.self_attention.output"},
    {"decoder.layers.*.self_attn_layer_norm", "decoder.layers.*.norm1"},
    {"decoder.layers.*.encoder_attn.q_proj", "decoder.layers.*.cross_attention.query"},
    {"decoder.layers.*.encoder_attn.k_proj", "decoder.layers.*.cross_attention.key"},
    {"decoder.layers.*.encoder_attn.v_proj", "decoder.layers.*.cross_attention.value"},
    {"decoder.layers.*.encoder_attn.out_proj", "decoder.layers.*.cross_attention.output"},
    {"decoder.layers.*.encoder_attn_layer_norm", "decoder.layers.*.norm2"},
    {"decoder.layers.*.fc1", "decoder.layers.*.mlp.fc1"},
    {"decoder.layers.*.fc2", "decoder.layers.*.mlp.fc2"},
    {"decoder.layers.*.final_layer_norm", "decoder.layers.*.norm3"},
    {"final_logits_bias", "logits_bias", StoredForm::row, true},
};

constexpr UnusedTensor marian_unused[] = {
    {"encoder.embed_positions", "the sines of the places, which are computed"},
    {"decoder.embed_positions", "the sines of the places, which are computed"},
    {"shared", "the table of the source, which stands in the file by its own name"},
    {"encoder.embed_tokens", "the same table as shared"},
    {"decoder.embed_tokens", "the same table as shared"},
    {"lm_head", "the same table as that of the target"},
};

/// Fixed in transformers.
constexpr const char* marian_epsilon = "1e-05";

std::string file_content(const std::string& path) {
    ByteReader reader(path);
    std::vector<uint8_t> bytes;
    reader.read_into(bytes, uint64_t{1} << 30);
    return {bytes.begin(), bytes.end()};
}

/// The tokens of vocab.json, an object of token and id, in the order of their ids.
std::vector<std::string> tokens_of(const JsonFile& file) {
    const nlohmann::json& json = file.json();
    std::vector<std::optional<std::string>> tokens(json.size());
    for (const auto& [token, id] : json.items()) {
        if (!id.is_number_unsigned() || id.get<size_t>() >= tokens.size() || tokens[id.get<size_t>()]) {
            file.fail(token, fmt::format("an id of 0 to {} that no other token has", tokens.size() - 1));
        }
        tokens[id.get<size_t>()] = token;
    }
    std::vector<std::string> list;
    for (std::optional<std::string>& token : tokens) list.push_back(std::move(*token));
    return list;
}

/// Throws UserError where a key of the decoder has another value than that of the encoder.
int64_t size_of_both(const JsonFile& config, const std::string& name) {
    const int64_t size = config.size("encoder_" + name);
    if (config.size("decoder_" + name) != size) {
        config.fail("decoder_" + name, fmt::format("{}, as encoder_{} has it", size, name));
    }
    return size;
}

class Marian final : public Architecture {
public:
    const char* model_type() const override { return "marian"; }
    const char* our_model() const override { return "translator"; }
    TensorTables tables() const override { return {"model.", marian_names, marian_unused}; }

    ImportedModel read(const std::string& folder, const JsonFile& config, const SafetensorsFile&) const override {
        config.expect_flag("tie_word_embeddings", true);
        const bool shared = config.flag("share_encoder_decoder_embeddings", true);
        const int64_t length = config.size("max_position_embeddings"), vocabulary = config.size("vocab_size");
        const int64_t start = config.count("decoder_start_token_id", -1), pad = config.count("pad_token_id", -1);
        if (start != pad) config.fail("decoder_start_token_id", fmt::format("{}, the pad_token_id", pad));
        const double dropout = config.number("dropout", 0.1);
        ImportedModel model;
        model.settings = {"model.type=translator",
                          fmt::format("model.dim={}", config.size("d_model")),
                          fmt::format("model.encoder_depth={}", config.size("encoder_layers")),
                          fmt::format("model.decoder_depth={}", config.size("decoder_layers")),
                          fmt::format("model.heads={}", size_of_both(config, "attention_heads")),
                          fmt::format("model.mlp_dim={}", size_of_both(config, "ffn_dim")),
                          fmt::format("model.activation={}", our_activation(config, "activation_function")),
                          fmt::format("model.dropout={}", dropout),
                          fmt::format("model.norm_epsilon={}", marian_epsilon),
                          fmt::format("model.scale_embedding={}", config.flag("scale_embedding", false)),
                          fmt::format("model.tie={}", shared ? "all" : "target"),
                          "model.norm=post",
                          "model.positions=sinusoidal_halves",
                          "model.logits_bias=true",
                          "attention.type=sdpa",
                          fmt::format("attention.dropout={}", config.number("attention_dropout", 0.0)),
                          "tokenizer.type=marian",
                          "data.name=parallel_files",
                          "data.joint_vocabulary=false",
                          fmt::format("data.length={}", length)};
        const std::optional<JsonFile> generation = optional_json_file(folder + "/generation_config.json");
        const int64_t beam = (generation ? *generation : config).count("num_beams", 1);
        model.settings.push_back(fmt::format("decoding.beam={}", std::max<int64_t>(1, beam)));
        add_tokenizers(model, folder, shared);
        const int64_t targets = shared ? vocabulary : config.count("decoder_vocab_size", vocabulary);
        check_vocabulary(config, "vocab_size", vocabulary, *load_tokenizer("marian", model.tokenizers.at(source_name)));
        check_vocabulary(config, shared ? "vocab_size" : "decoder_vocab_size", targets,
                         *load_tokenizer("marian", model.tokenizers.at(target_name)));
        constexpr int64_t usual_length = 128;
        model.fine_tuning = {fmt::format("data.length={}", std::min(usual_length, length)),
                             "data.tokens=2048",
                             "train.epochs=1",
                             "train.clip=1",
                             "train.label_smoothing=0.1",
                             "optimizer.type=adamw",
                             "optimizer.lr=5e-5",
                             "optimizer.weight_decay=0.01",
                             "optimizer.schedule=linear",
                             "optimizer.warmup=5%"};
        const nlohmann::json facts = {{"name", name_of_folder(folder)},
                                      {"class_names", nlohmann::json::array()},
                                      {"translations",
                                       {{"source_vocabulary", vocabulary},
                                        {"target_vocabulary", targets},
                                        {"max_source_tokens", length},
                                        {"max_target_tokens", length},
                                        {"joint", false},
                                        {"same_ids", shared},
                                        {source_name, "marian"},
                                        {target_name, "marian"}}}};
        model.facts = facts.dump();
        return model;
    }

    std::string obstacle(const TrainedModel& model) const override {
        const std::string differs = differing_setting(model, {{"model.norm", "post"},
                                                              {"model.norm_epsilon", marian_epsilon},
                                                              {"model.positions", "sinusoidal_halves"},
                                                              {"model.logits_bias", "true"},
                                                              {"attention.type", "sdpa"}});
        if (!differs.empty()) return differs;
        for (const auto& [name, tokenizer] : model.facts->tokenizers()) {
            if (tokenizer->kind != "marian") return "its tokenizer is " + tokenizer->kind + ", expected marian";
        }
        return "";
    }

    ExportedModel write(const TrainedModel& model) const override {
        const Recipe& recipe = model.recipe;
        const nlohmann::json details = nlohmann::json::parse(model.facts->details());
        const bool shared = recipe.value("model", "tie") == "all";
        std::map<std::string, MarianTokenizerParts> parts;
        for (const auto& [name, tokenizer] : model.facts->tokenizers()) {
            parts[name] = marian_tokenizer_parts(tokenizer->bytes, "the tokenizer");
        }
        const MarianTokenizerParts& source = parts.begin()->second;
        const MarianTokenizerParts& target = parts.rbegin()->second;
        const auto tokenizer = load_tokenizer("marian", model.facts->tokenizers().back().second->bytes);
        const int64_t heads = recipe.number("model", "heads"), mlp_dim = recipe.number("model", "mlp_dim");
        const nlohmann::ordered_json config = {
            {"architectures", {"MarianMTModel"}},
            {"model_type", model_type()},
            {"is_encoder_decoder", true},
            {"d_model", recipe.number("model", "dim")},
            {"encoder_layers", recipe.number("model", "encoder_depth")},
            {"decoder_layers", recipe.number("model", "decoder_depth")},
            {"encoder_attention_heads", heads},
            {"decoder_attention_heads", heads},
            {"encoder_ffn_dim", mlp_dim},
            {"decoder_ffn_dim", mlp_dim},
            {"activation_function", their_activation(recipe.value("model", "activation"))},
            {"dropout", real_setting(recipe, "model", "dropout")},
            {"attention_dropout", real_setting(recipe, "attention", "dropout")},
            {"scale_embedding", recipe.value("model", "scale_embedding") == "true"},
            {"share_encoder_decoder_embeddings", shared},
            {"tie_word_embeddings", true},
            {"max_position_embeddings",
             std::max(details.at("max_source_tokens").get<int64_t>(), details.at("max_target_tokens").get<int64_t>())},
            {"vocab_size", source.tokens.size()},
            {"decoder_vocab_size", target.tokens.size()},
            {"pad_token_id", tokenizer->special().pad},
            {"eos_token_id", tokenizer->special().end},
            {"decoder_start_token_id", tokenizer->special().begin}};
        const nlohmann::ordered_json generation = {{"num_beams", recipe.number("decoding", "beam")},
                                                   {"pad_token_id", tokenizer->special().pad},
                                                   {"eos_token_id", tokenizer->special().end},
                                                   {"decoder_start_token_id", tokenizer->special().begin},
                                                   {"bad_words_ids", {{tokenizer->special().pad}}}};
        const nlohmann::ordered_json tokenizer_config = {{"tokenizer_class", "MarianTokenizer"},
                                                         {"separate_vocabs", !shared},
                                                         {"source_lang", ""},
                                                         {"target_lang", ""}};
        ExportedModel exported;
        exported.architecture = "MarianMTModel";
        exported.with_base = true;
        exported.files = {{"config.json", config.dump(2) + "\n"},
                          {"generation_config.json", generation.dump(2) + "\n"},
                          {"tokenizer_config.json", tokenizer_config.dump(2) + "\n"},
                          {"vocab.json", vocabulary_json(source.tokens)},
                          {"source.spm", std::string(source.sentencepiece)},
                          {"target.spm", std::string(target.sentencepiece)}};
        if (!shared) exported.files.push_back({"target_vocab.json", vocabulary_json(target.tokens)});
        return exported;
    }

private:
    static constexpr const char* source_name = "source_tokenizer";
    static constexpr const char* target_name = "target_tokenizer";

    static void add_tokenizers(ImportedModel& model, const std::string& folder, bool shared) {
        const JsonFile source(folder + "/vocab.json");
        const std::vector<std::string> tokens = tokens_of(source);
        const std::string targets = folder + "/target_vocab.json";
        const auto add = [&](const char* name, const char* setting, const std::vector<std::string>& list,
                             const std::string& pieces) {
            const std::string bytes = marian_tokenizer_bytes(list, file_content(folder + "/" + pieces), folder);
            model.tokenizers[name] = bytes;
            model.files.push_back({setting, {std::string(name) + ".marian", bytes}});
        };
        add(source_name, "tokenizer.file", tokens, "source.spm");
        add(target_name, "tokenizer.target_file", shared ? tokens : tokens_of(JsonFile(targets)), "target.spm");
    }

    static void check_vocabulary(const JsonFile& config, const char* key, int64_t size, const Tokenizer& tokenizer) {
        if (size != tokenizer.vocabulary_size()) {
            config.fail(key, fmt::format("{}, the number of tokens of the tokenizer", tokenizer.vocabulary_size()));
        }
        if (config.count("pad_token_id", -1) != tokenizer.special().pad) {
            config.fail("pad_token_id", fmt::format("{}, the id of <pad>", tokenizer.special().pad));
        }
        if (config.count("eos_token_id", 0) != tokenizer.special().end) {
            config.fail("eos_token_id", fmt::format("{}, the id of </s>", tokenizer.special().end));
        }
    }

    static std::string vocabulary_json(const std::vector<std::string>& tokens) {
        std::string text = "{";
        for (size_t id = 0; id < tokens.size(); ++id) {
            text += fmt::format("{}\n {}: {}", id == 0 ? "" : ",", nlohmann::json(tokens[id]).dump(), id);
        }
        return text + "\n}\n";
    }
};

}  // namespace

const Architecture& marian_architecture() {
    static const Marian marian;
    return marian;
}

}  // namespace heed
