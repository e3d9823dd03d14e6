#include "heed/trainers/hugging_face/import_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "heed/core/error.h"
#include "heed/datasets/text/encoded_texts.h"
#include "heed/layers/models/text_classifier.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"
#include "heed/tests/trainers/hugging_face/stored_models.h"
#include "heed/trainers/images/image_facts.h"
#include "heed/trainers/run/trained_model.h"
#include "heed/trainers/texts/text_facts.h"
#include "heed/trainers/translations/translation_decoder.h"
#include "heed/trainers/translations/translation_facts.h"

namespace heed::import_test {
namespace {

using test::contains;
using test::message_of;
using test::ModelCopy;
using test::stored_model;
using test::TemporaryFolder;

/// Names of all unused tensors of a report, the reasons left out.
std::vector<std::string> unused_names(const ImportReport& report) {
    std::vector<std::string> all;
    for (const auto& [reason, names] : report.unused) all.insert(all.end(), names.begin(), names.end());
    return all;
}

/// Holds ids, logits and, without a head, features of a model of texts against what transformers gave.
void expect_text_outputs(const std::string& folder, const std::string& name) {
    Context context("cpu");
    const TrainedModel trained = TrainedModel::load(context, folder, {});
    const auto& facts = facts_as<TextDataFacts>(*trained.facts);
    const auto tokenizer = load_tokenizer(facts.tokenizer.kind, facts.tokenizer.bytes);
    auto& model = trained.model_as<TextClassifier>();
    const NoGradient guard(context);
    std::vector<float> got, want;
    for (const nlohmann::json& row : test::expected_outputs(name)) {
        EncodeReport report;
        const std::vector<int32_t> ids =
            encode_text(*tokenizer, row.at("text").get<std::string>(), facts.encode_options(), report);
        EXPECT_EQ(ids, row.at("ids").get<std::vector<int32_t>>()) << row.at("text");
        const auto tokens = std::ssize(ids);
        const std::vector<int32_t> length = {static_cast<int32_t>(tokens)};
        const Tensor id_tensor = Tensor::from_host(context, {1, tokens}, std::span<const int32_t>(ids));
        const Tensor lengths = Tensor::from_host(context, {1}, std::span<const int32_t>(length));
        const Variable output =
            facts.class_names.empty() ? model.features(id_tensor, lengths, {}) : model.forward(id_tensor, lengths, {});
        const std::vector<float> values = output.value().to_vector();
        got.insert(got.end(), values.begin(), values.end());
        for (const double value : row.at("values")) want.push_back(static_cast<float>(value));
    }
    test::expect_near_by_scale(got, want, 1e-5);
}

TEST(Import, EveryEncoderOfTextsGivesWhatTransformersGives) {
    for (const char* name : {"bert", "bert_sentences", "distilbert"}) {
        SCOPED_TRACE(name);
        const TemporaryFolder folder;
        import_model(stored_model(name), folder / "model");
        expect_text_outputs(folder / "model", name);
    }
}

/// The images of make_checkpoints.py as the model sees them.
Tensor formula_images(Context& context, const ImageDataFacts& facts) {
    const ImageShape& shape = facts.shape;
    const PixelTable table(facts.normalisation, shape);
    const auto pixels = static_cast<size_t>(shape.pixels());
    std::vector<float> values(2 * pixels);
    for (int64_t i = 0; i < 2; ++i) {
        std::vector<uint8_t> bytes;
        for (int64_t c = 0; c < shape.channels; ++c) {
            for (int64_t y = 0; y < shape.height; ++y) {
                for (int64_t x = 0; x < shape.width; ++x) {
                    bytes.push_back(static_cast<uint8_t>((53 * i + 37 * c + 11 * y + 7 * x + x * y) % 256));
                }
            }
        }
        table.apply(bytes, std::span(values).subspan(static_cast<size_t>(i) * pixels, pixels));
    }
    return Tensor::from_host(context, {2, shape.channels, shape.height, shape.width}, std::span<const float>(values));
}

TEST(Import, EveryModelOfImagesGivesWhatTransformersGives) {
    for (const char* name : {"vit", "deit", "deit_teacher"}) {
        SCOPED_TRACE(name);
        const TemporaryFolder folder;
        const ImportReport report = import_model(stored_model(name), folder / "model");
        EXPECT_TRUE(report.unused.empty());
        Context context("cpu");
        const TrainedModel trained = TrainedModel::load(context, folder / "model", {});
        EXPECT_EQ(trained.facts->class_names, (std::vector<std::string>{"crane (0)", "house", "crane (2)"}));
        const NoGradient guard(context);
        const Tensor images = formula_images(context, facts_as<ImageDataFacts>(*trained.facts));
        std::vector<float> want;
        for (const nlohmann::json& row : test::expected_outputs(name)) {
            for (const double value : row) want.push_back(static_cast<float>(value));
        }
        test::expect_near_by_scale(trained.model_as<ImageClassifier>().forward(images, {}).value().to_vector(), want,
                                   1e-5);
    }
}

Tensor id_tensor(Context& context, const std::vector<int32_t>& ids) {
    return Tensor::from_host(context, {1, std::ssize(ids)}, std::span<const int32_t>(ids));
}

Tensor length_tensor(Context& context, const std::vector<int32_t>& ids) {
    const std::vector<int32_t> length = {static_cast<int32_t>(ids.size())};
    return Tensor::from_host(context, {1}, std::span<const int32_t>(length));
}

TEST(Import, EveryTranslatorGivesWhatTransformersGives) {
    for (const char* name : {"marian", "marian_separate"}) {
        SCOPED_TRACE(name);
        const TemporaryFolder folder;
        import_model(stored_model(name), folder / "model");
        Context context("cpu");
        const TrainedModel trained = TrainedModel::load(context, folder / "model", {});
        const auto& facts = facts_as<TranslationDataFacts>(*trained.facts);
        const TranslationTokenizers tokenizers(facts);
        auto& model = trained.model_as<Translator>();
        const NoGradient guard(context);
        BeamSearchOptions greedy = trained.recipe.options<BeamSearchOptions>("decoding");
        greedy.beam = greedy.n_best = 1;
        greedy.max_length = 8;
        for (const nlohmann::json& row : test::expected_outputs(name)) {
            SCOPED_TRACE(row.at("source"));
            EncodeReport report;
            const std::vector<int32_t> source = encode_text(*tokenizers.source, row.at("source").get<std::string>(),
                                                            facts.source_encode_options(), report);
            std::vector<int32_t> target = encode_text(*tokenizers.target, row.at("target").get<std::string>(),
                                                      facts.target_encode_options(), report);
            EXPECT_EQ(source, row.at("source_ids").get<std::vector<int32_t>>());
            EXPECT_EQ(target, row.at("target_ids").get<std::vector<int32_t>>());
            target.pop_back();  // the end is what the model has to say
            const Tensor lengths = length_tensor(context, source);
            const Variable encoded = model.encode(id_tensor(context, source), lengths, {});
            const std::vector<float> logits =
                model.decode(id_tensor(context, target), length_tensor(context, target), encoded, lengths, {})
                    .value()
                    .to_vector();
            std::vector<float> want;
            for (const double value : row.at("values")) want.push_back(static_cast<float>(value));
            ASSERT_GE(logits.size(), want.size());
            test::expect_near_by_scale({logits.end() - std::ssize(want), logits.end()}, want, 1e-5);
            EncodedTexts sources;
            sources.add(source);
            TranslationDecoder decoder(context, model, tokenizers, greedy);
            EXPECT_EQ(decoder.translate(sources).front().front().text, row.at("greedy"));
        }
    }
}

TEST(Import, TheTableThatATranslatorRepeatsIsNotNeeded) {
    const ModelCopy copy("marian");
    copy.change_tensors([](test::LooseTensors& tensors) {
        tensors["lm_head.weight"] = tensors["model.encoder.embed_tokens.weight"] = tensors["model.shared.weight"];
        tensors["model.encoder.embed_positions.weight"] = tensors["final_logits_bias"];
    });
    const TemporaryFolder folder;
    const ImportReport report = import_model(copy.path(), folder / "model");
    std::vector<std::string> names = unused_names(report);
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, (std::vector<std::string>{"lm_head.weight", "model.encoder.embed_positions.weight",
                                               "model.encoder.embed_tokens.weight"}));
}

TEST(Import, WhatTranslatorsLackIsRefusedByName) {
    const auto refusal = [](const char* key, const nlohmann::json& value) {
        const ModelCopy copy("marian");
        copy.change_config([&](nlohmann::json& config) { config[key] = value; });
        return copy.refusal();
    };
    EXPECT_TRUE(contains(refusal("decoder_ffn_dim", 24), "decoder_ffn_dim: expected 20, as encoder_ffn_dim has it"));
    EXPECT_TRUE(contains(refusal("decoder_start_token_id", 0), "decoder_start_token_id: expected "));
    EXPECT_TRUE(contains(refusal("tie_word_embeddings", false), "tie_word_embeddings: expected true, got false"));
    EXPECT_TRUE(contains(refusal("vocab_size", 5), "the number of tokens of the tokenizer, got 5"));
    const ModelCopy gap("marian");
    test::write_text(gap.file("vocab.json"), R"({"</s>": 0, "<unk>": 2})");
    EXPECT_TRUE(contains(gap.refusal(), "expected an id of 0 to 1 that no other token has, got 2"));
    const ModelCopy damaged("marian");
    test::write_text(damaged.file("source.spm"), "no model");
    EXPECT_TRUE(contains(damaged.refusal(), "expected a SentencePiece model, found something else"));
}

TEST(Import, WhatModelsOfImagesLackIsRefusedByName) {
    const ModelCopy biases("vit");
    biases.change_config([](nlohmann::json& config) { config["qkv_bias"] = false; });
    EXPECT_TRUE(contains(biases.refusal(), "qkv_bias: expected true, got false"));
    const ModelCopy means("deit");
    test::write_text(means.file("preprocessor_config.json"), R"({"image_mean": [0.5]})");
    EXPECT_TRUE(contains(means.refusal(), "image_mean: expected 3 numbers, got [0.5]"));
    const ModelCopy patches("vit");
    patches.change_config([](nlohmann::json& config) { config["patch_size"] = 3; });
    EXPECT_TRUE(contains(patches.refusal(), "expected model.patch to divide the image size"));
    const ModelCopy larger("vit");
    larger.change_config([](nlohmann::json& config) { config["image_size"] = 12; });
    EXPECT_TRUE(contains(larger.refusal(), "vit.embeddings.position_embeddings [1, 5, 12] for [1, 10, 12]"));
}

TEST(Import, ReportsWhatItTookAndWhatTheModelDoesWithout) {
    const TemporaryFolder folder;
    const ImportReport bert = import_model(stored_model("bert"), folder / "bert");
    EXPECT_EQ(bert.architecture, "BertForSequenceClassification");
    EXPECT_EQ(bert.folder, folder / "bert");
    EXPECT_EQ(bert.tensors, 41);
    EXPECT_FALSE(bert.lacks_head);
    EXPECT_TRUE(bert.unused.empty());
    const ImportReport sentences = import_model(stored_model("bert_sentences"), folder / "sentences");
    EXPECT_TRUE(sentences.lacks_head);
    EXPECT_EQ(unused_names(sentences),
              (std::vector<std::string>{
                  "bert.embeddings.position_ids", "cls.predictions.bias", "cls.predictions.transform.LayerNorm.beta",
                  "cls.predictions.transform.LayerNorm.gamma", "cls.predictions.transform.dense.bias",
                  "cls.predictions.transform.dense.weight"}));
}

TEST(Import, EveryTensorThatDoesNotFitIsNamed) {
    const ModelCopy missing("bert");
    missing.change_tensors([](test::LooseTensors& tensors) {
        tensors.erase("bert.encoder.layer.1.intermediate.dense.bias");
        tensors.erase("classifier.weight");
    });
    EXPECT_TRUE(contains(missing.refusal(), "it lacks encoder.layer.1.intermediate.dense.bias and classifier.weight"));

    const ModelCopy more("bert");
    more.change_tensors([](test::LooseTensors& tensors) {
        tensors["bert.encoder.layer.2.intermediate.dense.bias"] = tensors["classifier.bias"];
    });
    EXPECT_TRUE(contains(more.refusal(), "it has besides bert.encoder.layer.2.intermediate.dense.bias"));

    const ModelCopy reshaped("bert");
    reshaped.change_tensors([](test::LooseTensors& tensors) {
        tensors["bert.encoder.layer.0.output.dense.weight"].shape = {24, 16};
    });
    EXPECT_TRUE(contains(reshaped.refusal(),
                         "it has other shapes: bert.encoder.layer.0.output.dense.weight [24, 16] for [16, 24]"));

    const ModelCopy not_finite("bert");
    not_finite.change_tensors([](test::LooseTensors& tensors) {
        std::vector<std::byte>& bytes = tensors["classifier.bias"].bytes;
        std::fill(bytes.begin(), bytes.end(), std::byte{0xff});
    });
    EXPECT_TRUE(contains(not_finite.refusal(), "classifier.bias holds numbers that are not finite"));
}

TEST(Import, ACutFileIsRefused) {
    const ModelCopy cut("bert");
    const std::string weights = cut.file("model.safetensors");
    std::filesystem::resize_file(weights, std::filesystem::file_size(weights) - 5);
    EXPECT_TRUE(contains(cut.refusal(), "truncated: 5 bytes are missing"));
}

TEST(Import, WhatHeedLacksIsRefusedByName) {
    const auto refusal = [](const char* key, const nlohmann::json& value) {
        const ModelCopy copy("bert");
        copy.change_config([&](nlohmann::json& config) { config[key] = value; });
        return copy.refusal();
    };
    EXPECT_TRUE(contains(refusal("model_type", "albert"),
                         "config.json: model_type: expected an architecture out of bert, distilbert, "));
    EXPECT_TRUE(contains(refusal("model_type", "albert"), "got \"albert\""));
    EXPECT_TRUE(contains(refusal("hidden_act", "mish"), "hidden_act: expected an activation out of gelu, relu, silu"));
    EXPECT_TRUE(contains(refusal("hidden_act", "mish"), "got \"mish\""));
    EXPECT_TRUE(contains(refusal("position_embedding_type", "relative_key"), "expected \"absolute\""));
    EXPECT_TRUE(contains(refusal("is_decoder", true), "is_decoder: expected false, got true"));
    EXPECT_TRUE(contains(refusal("problem_type", "regression"), "problem_type: expected single_label_classification"));
    EXPECT_TRUE(contains(refusal("hidden_size", nullptr), "hidden_size: expected a whole number from 1 on"));
    EXPECT_TRUE(contains(refusal("num_attention_heads", 3), "expected model.heads to divide model.dim"));
    EXPECT_TRUE(contains(refusal("vocab_size", 27), "vocab_size: expected 26, the number of tokens of the tokenizer"));
    EXPECT_TRUE(contains(refusal("id2label", {{"0", "a"}, {"2", "b"}}), "id2label: expected a name under \"1\""));
    EXPECT_TRUE(contains(refusal("id2label", {{"0", "a\nb"}, {"1", "a"}}), "is not plain text"));
}

TEST(Import, SizesBeyondTheFileTakeNoMemory) {
    const ModelCopy copy("bert");
    copy.change_config([](nlohmann::json& config) { config["intermediate_size"] = 262144; });
    EXPECT_TRUE(contains(copy.refusal(), "intermediate.dense.weight [24, 16] for [262144, 16]"));
}

TEST(Import, AVocabularyInTokenizerJsonIsAsGood) {
    const ModelCopy copy("bert");
    nlohmann::json tokenizer = {{"normalizer", {{"type", "BertNormalizer"}, {"lowercase", true}}},
                                {"model", {{"type", "WordPiece"}, {"vocab", nlohmann::json::object()}}}};
    std::string lines = test::read_text(copy.file("vocab.txt"));
    int64_t id = 0;
    for (size_t end = 0; (end = lines.find('\n')) != std::string::npos; lines.erase(0, end + 1)) {
        tokenizer["model"]["vocab"][lines.substr(0, end)] = id++;
    }
    std::filesystem::remove(copy.file("vocab.txt"));
    std::filesystem::remove(copy.file("tokenizer_config.json"));
    EXPECT_TRUE(contains(copy.refusal(), "expected a tokenizer in "));
    test::write_text(copy.file("tokenizer.json"), tokenizer.dump());
    const TemporaryFolder folder;
    import_model(copy.path(), folder / "model");
    expect_text_outputs(folder / "model", "bert");
    tokenizer["model"]["type"] = "BPE";
    test::write_text(copy.file("tokenizer.json"), tokenizer.dump());
    EXPECT_TRUE(contains(copy.refusal(), "tokenizer.json: model: expected a WordPiece vocabulary"));
}

TEST(Import, SaysWhichFilesItExpects) {
    const ModelCopy copy("bert");
    std::filesystem::rename(copy.file("model.safetensors"), copy.file("pytorch_model.bin"));
    EXPECT_TRUE(contains(copy.refusal(), "only safetensors are read"));
    std::filesystem::remove(copy.file("pytorch_model.bin"));
    EXPECT_TRUE(contains(copy.refusal(), "expected weights in "));
    std::filesystem::remove(copy.file("config.json"));
    EXPECT_TRUE(contains(copy.refusal(), "config.json"));
    test::write_text(copy.file("config.json"), "[1]");
    EXPECT_TRUE(contains(copy.refusal(), "expected a JSON object, got [1]"));
}

TEST(Import, AFolderWithFilesIsLeftAlone) {
    const TemporaryFolder folder;
    test::write_text(folder / "notes.txt", "mine");
    EXPECT_TRUE(contains(message_of<UserError>([&] { import_model(stored_model("bert"), folder.path()); }),
                         "expected --to to name a new or empty folder"));
    EXPECT_EQ(folder.entries(), 1u);
}

}  // namespace
}  // namespace heed::import_test
