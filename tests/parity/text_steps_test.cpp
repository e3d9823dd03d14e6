#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/layers/models/text_classifier.h"
#include "heed/layers/models/translator.h"
#include "heed/tests/layers/models/formula_texts.h"
#include "heed/tests/parity/stored_steps.h"
#include "heed/tests/support/close.h"
#include "heed/tests/trainers/loop/step_totals.h"
#include "heed/trainers/optimizers/adam.h"

// Twenty optimisation steps of small text classifiers and translators, held against what make_text_steps.py stored from
// PyTorch.

namespace heed::text_steps_test {
namespace {

using test::FormulaTexts;
using test::Json;

const Json& stored() {
    static const Json json = test::read_stored("text_steps.json");
    return json;
}

int64_t stored_number(const char* key) {
    return stored().at(key).get<int64_t>();
}

/// Texts first .. first + count - 1, from the beginning again behind the last.
FormulaTexts batch_of(const FormulaTexts& texts, int64_t first, int64_t count) {
    FormulaTexts batch = texts.part(0, 0);
    for (int64_t i = first; i < first + count; ++i) {
        const FormulaTexts one = texts.part(i % texts.batch(), 1);
        batch.ids.insert(batch.ids.end(), one.ids.begin(), one.ids.end());
        batch.lengths.push_back(one.lengths.front());
    }
    return batch;
}

/// What both kinds of models share: a model, its texts and its loss.
class TextTraining {
public:
    virtual ~TextTraining() = default;
    virtual Module& module() = 0;
    /// The loss of texts first .. first + count - 1, and the number of rows that it is a sum over.
    virtual CrossEntropyResult loss(Context& context, int64_t first, int64_t count, float label_smoothing) = 0;

    int64_t rows = 0;  ///< of the last loss

protected:
    explicit TextTraining(const Json& json)
        : texts_(stored().at("lengths").get<std::vector<int32_t>>(), stored_number("tokens"),
                 json.at("vocabulary").get<int64_t>(), 1) {
        for (const Json& name : json.at("attention")) {
            const AttentionType& type = attention_type(name.get<std::string>());
            choices_.push_back({&type, &options_});
        }
    }

    FormulaTexts texts_;
    AttentionOptions options_;
    std::vector<AttentionChoice> choices_;
};

template <class Field>
void read_fields(const Json& model, const std::vector<std::pair<const char*, Field*>>& fields) {
    for (const auto& [key, field] : fields) model.at(key).get_to(*field);
}

class ClassifierTraining final : public TextTraining {
public:
    explicit ClassifierTraining(const Json& json) : TextTraining(json) {
        TextClassifierOptions options;
        const Json& model = json.at("model");
        read_fields<int64_t>(model, {{"dim", &options.dim},
                                     {"depth", &options.depth},
                                     {"heads", &options.heads},
                                     {"mlp_dim", &options.mlp_dim},
                                     {"hidden", &options.hidden}});
        read_fields<std::string>(model, {{"norm", &options.norm},
                                         {"pool", &options.pool},
                                         {"positions", &options.positions},
                                         {"activation", &options.activation}});
        model.at("scale_embedding").get_to(options.scale_embedding);
        options.dropout = 0;
        model_ = make_text_classifier(
            options, choices_.front(),
            {json.at("vocabulary").get<int64_t>(), stored_number("max_tokens"), stored_number("classes")});
    }

    Module& module() override { return *model_; }

    CrossEntropyResult loss(Context& context, int64_t first, int64_t count, float label_smoothing) override {
        const FormulaTexts batch = batch_of(texts_, first, count);
        const auto labels = stored().at("labels").get<std::vector<int32_t>>();
        std::vector<int32_t> targets;
        for (int64_t i = first; i < first + count; ++i) targets.push_back(labels.at(i % labels.size()));
        rows = count;
        return cross_entropy(model_->forward(batch.ids_on(context), batch.lengths_on(context), {}),
                             Tensor::from_host(context, {count}, std::span<const int32_t>(targets)), label_smoothing);
    }

private:
    std::unique_ptr<TextClassifier> model_;
};

class TranslatorTraining final : public TextTraining {
public:
    explicit TranslatorTraining(const Json& json)
        : TextTraining(json),
          vocabulary_(stored_number("target_vocabulary")),
          targets_(stored().at("target_lengths").get<std::vector<int32_t>>(), stored_number("target_tokens"),
                   vocabulary_, 2) {
        TranslatorOptions options;
        const Json& model = json.at("model");
        read_fields<int64_t>(model, {{"dim", &options.dim},
                                     {"encoder_depth", &options.encoder_depth},
                                     {"decoder_depth", &options.decoder_depth},
                                     {"heads", &options.heads},
                                     {"mlp_dim", &options.mlp_dim}});
        read_fields<std::string>(model, {{"norm", &options.norm},
                                         {"positions", &options.positions},
                                         {"activation", &options.activation},
                                         {"tie", &options.tie}});
        options.dropout = 0;
        model_ = make_translator(options, {choices_.at(0), choices_.at(1), choices_.at(2)},
                                 {json.at("vocabulary").get<int64_t>(), vocabulary_, stored_number("max_tokens"),
                                  stored_number("max_target_tokens"), options.tie == "all"});
    }

    Module& module() override { return *model_; }

    /// Of the id behind that of each real token.
    CrossEntropyResult loss(Context& context, int64_t first, int64_t count, float label_smoothing) override {
        const FormulaTexts source = batch_of(texts_, first, count), target = batch_of(targets_, first, count);
        std::vector<int32_t> wanted;
        rows = 0;
        for (int64_t text = 0; text < count; ++text) {
            for (int64_t t = 0; t < target.tokens; ++t) {
                const bool real = t < target.lengths[static_cast<size_t>(text)];
                const int32_t id = target.ids[static_cast<size_t>(text * target.tokens + t)];
                wanted.push_back(real ? (id + 1) % static_cast<int32_t>(vocabulary_) : -1);
                rows += real ? 1 : 0;
            }
        }
        const Tensor lengths = source.lengths_on(context);
        const Variable encoded = model_->encode(source.ids_on(context), lengths, {});
        const Variable logits =
            model_->decode(target.ids_on(context), target.lengths_on(context), encoded, lengths, {});
        const int64_t places = count * target.tokens;
        return cross_entropy(reshape(logits, {places, vocabulary_}),
                             Tensor::from_host(context, {places}, std::span<const int32_t>(wanted)), label_smoothing);
    }

private:
    int64_t vocabulary_;
    FormulaTexts targets_;
    std::unique_ptr<Translator> model_;
};

class TextSteps : public testing::TestWithParam<std::tuple<const char*, size_t>> {};

TEST_P(TextSteps, AreThoseOfPyTorch) {
    const auto [device, index] = GetParam();
    const Json& stored_case = stored().at("cases").at(index);
    SCOPED_TRACE(stored_case.at("name").get<std::string>());
    const auto losses = stored_case.at("steps").at("loss").get<std::vector<double>>();
    const auto norms = stored_case.at("steps").at("gradient_norm").get<std::vector<double>>();
    ASSERT_EQ(losses.size(), 20U);

    Context context(device);
    std::unique_ptr<TextTraining> training;
    if (stored_case.at("kind") == "translator") {
        training = std::make_unique<TranslatorTraining>(stored_case);
    } else {
        training = std::make_unique<ClassifierTraining>(stored_case);
    }
    ParameterStore store(context, training->module(), 1);
    test::set_initial_values(store);
    const Json& settings = stored_case.at("training");
    AdamWOptions options;
    settings.at("lr").get_to(options.lr);
    settings.at("weight_decay").get_to(options.weight_decay);
    const auto clip = settings.at("clip").get<double>();
    const std::unique_ptr<Optimizer> optimizer = options.make_optimizer(store);
    const int64_t batch = stored_number("batch");
    for (size_t step = 0; step < losses.size(); ++step) {
        store.begin_step();
        const CrossEntropyResult result =
            training->loss(context, static_cast<int64_t>(step) * batch, batch, settings.at("label_smoothing"));
        context.tape().backward(result.loss);
        context.tape().clear();
        store.finish_gradients();
        const auto rows = static_cast<double>(training->rows);
        const double norm = test::gradient_norm(store) / rows;
        EXPECT_CLOSE(result.totals().loss / rows, losses[step], 1e-5) << "step " << step + 1;
        EXPECT_CLOSE(norm, norms[step], 1e-4) << "step " << step + 1;
        optimizer->step(static_cast<int64_t>(step) + 1, options.lr, std::min(1.0, clip / norm) / rows);
    }
    test::expect_weights(store, stored_case.at("weights"));
}

INSTANTIATE_TEST_SUITE_P(Devices, TextSteps,
                         testing::Combine(testing::Values("cpu", "reference"), testing::Range<size_t>(0, 6)));

TEST(TextSteps, AllStoredCasesAreTested) {
    EXPECT_EQ(stored().at("cases").size(), 6U);
}

}  // namespace
}  // namespace heed::text_steps_test
