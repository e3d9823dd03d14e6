#include "heed/trainers/hugging_face/architectures/wordpiece_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/files/text_file.h"
#include "heed/datasets/text/tokenizers/wordpiece_tokenizer.h"

namespace heed {

namespace {

/// The lines of vocab.txt out of the vocabulary in tokenizer.json, an object of token and id.
std::string vocabulary_lines(const JsonFile& tokenizer) {
    const nlohmann::json none;
    const nlohmann::json& json = tokenizer.json();
    const nlohmann::json& model = json.contains("model") ? json.at("model") : none;
    if (!model.is_object() || model.value("type", nlohmann::json()) != "WordPiece" || !model.contains("vocab") ||
        !model.at("vocab").is_object()) {
        tokenizer.fail("model", "a WordPiece vocabulary");
    }
    const nlohmann::json& vocabulary = model.at("vocab");
    std::vector<std::optional<std::string>> tokens(vocabulary.size());
    for (const auto& [token, id] : vocabulary.items()) {
        if (!id.is_number_unsigned() || id.get<size_t>() >= tokens.size() || tokens[id.get<size_t>()]) {
            throw UserError(fmt::format("{}: expected the tokens to have the numbers 0 to {}, each once, got {} for {}",
                                        tokenizer.path(), tokens.size() - 1, id.dump(), quote(token)));
        }
        tokens[id.get<size_t>()] = token;
    }
    std::string lines;
    for (const auto& token : tokens) lines += *token + "\n";
    return lines;
}

/// What the files say of lower case: tokenizer_config.json, else the normalizer in tokenizer.json, else it is BERT's.
bool is_lower(const std::optional<JsonFile>& config, const std::optional<JsonFile>& tokenizer) {
    if (config && config->has("do_lower_case")) return config->flag("do_lower_case", true);
    if (!tokenizer || !tokenizer->has("normalizer")) return true;
    const nlohmann::json& normalizer = tokenizer->json().at("normalizer");
    if (!normalizer.is_object() || normalizer.value("type", nlohmann::json()) != "BertNormalizer" ||
        !normalizer.value("lowercase", nlohmann::json(true)).is_boolean()) {
        tokenizer->fail("normalizer", "that of BERT (BertNormalizer)");
    }
    return normalizer.value("lowercase", true);
}

}  // namespace

WordpieceFiles read_wordpiece_files(const std::string& folder) {
    const std::string vocabulary = folder + "/vocab.txt", tokenizer_path = folder + "/tokenizer.json";
    const std::optional<JsonFile> config = optional_json_file(folder + "/tokenizer_config.json");
    const std::optional<JsonFile> tokenizer = optional_json_file(tokenizer_path);
    WordpieceFiles files;
    files.lower = is_lower(config, tokenizer);
    if (config) {
        config->expect_flag("do_basic_tokenize", true);
        config->expect_flag("tokenize_chinese_chars", true);
        config->expect_flag("strip_accents", files.lower);
    }
    if (path_exists(vocabulary)) {
        files.vocabulary = TextFile(vocabulary).content();
    } else if (tokenizer) {
        files.vocabulary = vocabulary_lines(*tokenizer);
    } else {
        throw UserError("expected a tokenizer in " + vocabulary + " or " + tokenizer_path + ", found neither");
    }
    const auto made = make_wordpiece_tokenizer(files.vocabulary, files.lower, quote(folder));
    files.bytes = made->serialized();
    files.size = made->vocabulary_size();
    return files;
}

std::vector<NamedFile> wordpiece_files(const StoredTokenizer& tokenizer, int64_t max_tokens) {
    if (tokenizer.kind != "wordpiece") {
        throw UserError("the model has a tokenizer of the kind " + tokenizer.kind + ", expected wordpiece");
    }
    std::string_view lines = tokenizer.bytes;
    const bool lower = take_line(lines).ends_with("lower-cased");
    const nlohmann::ordered_json config = {{"tokenizer_class", "BertTokenizer"},
                                           {"do_lower_case", lower},
                                           {"do_basic_tokenize", true},
                                           {"tokenize_chinese_chars", true},
                                           {"strip_accents", lower},
                                           {"model_max_length", max_tokens},
                                           {"unk_token", "[UNK]"},
                                           {"sep_token", "[SEP]"},
                                           {"pad_token", "[PAD]"},
                                           {"cls_token", "[CLS]"},
                                           {"mask_token", "[MASK]"}};
    return {{"vocab.txt", std::string(lines)}, {"tokenizer_config.json", config.dump(2) + "\n"}};
}

}  // namespace heed
