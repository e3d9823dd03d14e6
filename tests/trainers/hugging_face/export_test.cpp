#include "heed/trainers/hugging_face/export_model.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"
#include "heed/tests/trainers/hugging_face/stored_models.h"
#include "heed/trainers/hugging_face/import_model.h"

namespace heed::export_test {
namespace {

using test::contains;
using test::LooseTensors;
using test::message_of;
using test::ModelCopy;
using test::read_tensors;
using test::stored_model;
using test::TemporaryFolder;

ExportReport export_folder(const std::string& model, const std::string& folder, bool without_head = false,
                           const std::vector<std::string>& overrides = {}) {
    Context context("cpu");
    return export_model(TrainedModel::load(context, model, overrides), folder, without_head);
}

void expect_same_weights(const LooseTensors& got, const LooseTensors& want) {
    ASSERT_FALSE(want.empty());
    EXPECT_EQ(got.size(), want.size());
    for (const auto& [name, tensor] : want) {
        const auto found = got.find(name);
        ASSERT_NE(found, got.end()) << name;
        EXPECT_EQ(found->second.dtype, tensor.dtype) << name;
        EXPECT_EQ(found->second.shape, tensor.shape) << name;
        EXPECT_TRUE(found->second.bytes == tensor.bytes) << name;
    }
}

nlohmann::json config_of(const std::string& folder) {
    return nlohmann::json::parse(test::read_text(folder + "/config.json"));
}

TEST(Export, GivesBackTheTensorsOfOtherModels) {
    for (const char* name : {"vit", "deit", "marian", "marian_separate"}) {
        SCOPED_TRACE(name);
        const TemporaryFolder folder;
        import_model(stored_model(name), folder / "model");
        export_folder(folder / "model", folder / "exported");
        expect_same_weights(read_tensors(folder / "exported/model.safetensors"),
                            read_tensors(stored_model(name) + "/model.safetensors"));
        const nlohmann::json before = config_of(stored_model(name)), after = config_of(folder / "exported");
        for (const char* key :
             {"architectures", "model_type", "image_size", "patch_size", "num_channels", "vocab_size",
              "decoder_vocab_size", "pad_token_id", "eos_token_id", "decoder_start_token_id", "d_model",
              "decoder_layers", "encoder_ffn_dim", "scale_embedding", "share_encoder_decoder_embeddings"}) {
            if (!before.contains(key)) continue;
            EXPECT_EQ(after.at(key), before.at(key)) << key;
        }
        for (const char* file : {"vocab.json", "target_vocab.json"}) {
            const std::string original = stored_model(name) + "/" + file;
            if (!std::filesystem::exists(original)) continue;
            EXPECT_EQ(nlohmann::json::parse(test::read_text(folder / "exported/" + file)),
                      nlohmann::json::parse(test::read_text(original)));
        }
        for (const char* file : {"source.spm", "target.spm"}) {
            const std::string original = stored_model(name) + "/" + file;
            if (!std::filesystem::exists(original)) continue;
            EXPECT_EQ(test::read_text(folder / "exported/" + file), test::read_text(original));
        }
    }
}

TEST(Export, GivesBackTheTensorsOfAnImport) {
    const TemporaryFolder folder;
    import_model(stored_model("bert"), folder / "model");
    const ExportReport report = export_folder(folder / "model", folder / "exported");
    EXPECT_EQ(report.architecture, "BertForSequenceClassification");
    expect_same_weights(read_tensors(folder / "exported/model.safetensors"),
                        read_tensors(stored_model("bert") + "/model.safetensors"));
    const nlohmann::json before = config_of(stored_model("bert")), after = config_of(folder / "exported");
    for (const char* key :
         {"architectures", "model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
          "hidden_act", "layer_norm_eps", "max_position_embeddings", "type_vocab_size", "vocab_size", "id2label",
          "hidden_dropout_prob", "attention_probs_dropout_prob", "pad_token_id"}) {
        EXPECT_EQ(after.at(key), before.at(key)) << key;
    }
    EXPECT_EQ(test::read_text(folder / "exported/vocab.txt"), test::read_text(stored_model("bert") + "/vocab.txt"));
}

TEST(Export, WhatIsImportedAgainHasTheSameBits) {
    for (const char* name :
         {"bert", "bert_sentences", "distilbert", "vit", "deit", "deit_teacher", "marian", "marian_separate"}) {
        SCOPED_TRACE(name);
        const TemporaryFolder folder;
        import_model(stored_model(name), folder / "first");
        export_folder(folder / "first", folder / "exported");
        import_model(folder / "exported", folder / "second");
        const std::string checkpoint = "/checkpoints/best.safetensors";
        expect_same_weights(read_tensors((folder / "second") + checkpoint),
                            read_tensors((folder / "first") + checkpoint));
        Context context("cpu");
        const TrainedModel first = TrainedModel::load(context, folder / "first", {});
        const TrainedModel second = TrainedModel::load(context, folder / "second", {});
        for (const Field& field : first.recipe.section("model").fields()) {
            EXPECT_EQ(second.recipe.value("model", field.name()), field.value_text()) << field.name();
        }
        EXPECT_EQ(second.facts->class_names, first.facts->class_names);
        EXPECT_EQ(second.facts->details(), first.facts->details());
    }
}

TEST(Export, TheHeadCanBeLeftOut) {
    const TemporaryFolder folder;
    import_model(stored_model("distilbert"), folder / "model");
    const ExportReport report = export_folder(folder / "model", folder / "exported", true);
    EXPECT_EQ(report.architecture, "DistilBertModel");
    EXPECT_EQ(report.left_out, (std::vector<std::string>{"head.bias", "head.weight", "hidden.bias", "hidden.weight"}));
    const LooseTensors tensors = read_tensors(folder / "exported/model.safetensors");
    EXPECT_EQ(tensors.size(), 36u);
    EXPECT_TRUE(tensors.contains("transformer.layer.1.ffn.lin2.weight")) << "without the name of the base model";
    EXPECT_FALSE(config_of(folder / "exported").contains("id2label"));
    import_model(stored_model("bert_sentences"), folder / "sentences");
    EXPECT_TRUE(contains(message_of<UserError>([&] { export_folder(folder / "sentences", folder / "other", true); }),
                         "the model has no head for classes"));
}

TEST(Export, SaysWhyAModelCannotBeStored) {
    const TemporaryFolder folder;
    import_model(stored_model("bert"), folder / "model");
    const auto refusal = [&](const std::vector<std::string>& overrides) {
        const std::string message =
            message_of<UserError>([&] { export_folder(folder / "model", folder / "exported", false, overrides); });
        EXPECT_FALSE(std::filesystem::exists(folder / "exported")) << message;
        return message;
    };
    EXPECT_TRUE(contains(refusal({"attention.type=smyrf"}), "bert expects other settings: its attention is smyrf"));
    EXPECT_TRUE(contains(refusal({"model.pool=mean"}), "model.pool is mean, expected first"));
    EXPECT_TRUE(contains(refusal({"model.pool=mean"}), "distilbert expects other settings: model.token_types is 2"));
    EXPECT_TRUE(contains(refusal({"model.scale_embedding=true"}), "model.scale_embedding is true, expected false"));
    EXPECT_TRUE(contains(refusal({"model.hidden_activation=relu"}), "--without-head"));
    test::write_text(folder / "file", "mine");
    EXPECT_TRUE(contains(message_of<UserError>([&] { export_folder(folder / "model", folder.path()); }),
                         "to name a new or empty folder"));
}

}  // namespace
}  // namespace heed::export_test
