#include "heed/trainers/texts/text_kind.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/datasets/text/sets/text_data_set.h"
#include "heed/datasets/text/sets/text_files.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/layers/models/text_models.h"
#include "heed/trainers/classification/class_weights.h"
#include "heed/trainers/kinds/empty_tokens.h"
#include "heed/trainers/kinds/tokenizer_section.h"
#include "heed/trainers/texts/masked_encoder.h"
#include "heed/trainers/texts/text_facts.h"
#include "heed/trainers/texts/text_model.h"
#include "heed/trainers/texts/text_predictor.h"
#include "heed/trainers/texts/text_samples.h"
#include "heed/trainers/texts/text_scorer.h"
#include "heed/trainers/texts/text_workload.h"

namespace heed {

namespace {

class TextKind final : public TrainingKind {
public:
    const char* id() const override { return "texts"; }
    const char* name() const override { return TextDataFacts::kind_name; }
    const char* model_name() const override { return "a text classifier"; }
    std::vector<std::string> metrics() const override {
        return {"loss", "accuracy", "f1", "top5", "micro_f1", "macro_f1"};
    }
    const char* unit() const override { return "texts"; }
    std::vector<std::string> word_parameters(const std::string&) const override { return {"embedding."}; }

    std::vector<SectionChoice> models() const override { return choices_of(text_model_types()); }
    std::vector<SectionChoice> data_sets() const override { return choices_of(text_data_sets()); }
    std::vector<SectionSpec> sections() const override { return {tokenizer_section(), class_weight_section()}; }

    std::unique_ptr<DataFacts> read_details(const std::string& json) const override {
        return TextDataFacts::from_details(json);
    }

    std::unique_ptr<Module> make_model(const Recipe& recipe, const DataFacts& facts) const override {
        return make_text_model(recipe, facts_as<TextDataFacts>(facts).geometry());
    }

    std::vector<std::string> settings_to_begin_with(const OtherModel& other, const Recipe& recipe) const override {
        return settings_of_masked_encoder(other, recipe);
    }

    std::unique_ptr<Workload> open(const Recipe& recipe, Context& context, const SharedFacts& known) const override {
        return std::make_unique<TextWorkload>(recipe, context, known);
    }
    std::unique_ptr<Workload> open(TrainedModel& trained, Context& context) const override {
        return std::make_unique<TextWorkload>(trained, context);
    }

    std::optional<ExpectedData> expected_data(const Recipe& recipe) const override {
        const TextDataSet& data = text_data_set(recipe.section("data").choice());
        if (!data.facts) return std::nullopt;
        const auto& options = recipe.options<TextDataOptions>("data");
        const auto& tokenizer = recipe.options<TokenizerOptions>("tokenizer");
        auto facts = std::make_shared<TextDataFacts>();
        facts->name = data.name;
        facts->class_names = data.facts->class_names;
        facts->vocabulary = expected_vocabulary(tokenizer);
        facts->max_tokens = options.length;
        facts->special_tokens = options.special_tokens;
        const int64_t texts = without_validation(data.facts->train_texts, options.validation);
        return ExpectedData{facts, options.limit > 0 ? std::min(texts, options.limit) : texts, tokenizer.is_trained()};
    }

    SampleCost sample_cost(const Recipe&, Module& module, const ExpectedData& data) const override {
        const auto& model = dynamic_cast<TextClassifier&>(module);
        const auto& facts = facts_as<TextDataFacts>(*data.facts);
        SampleCost cost;
        cost.tokens = model.shape().attended(facts.max_tokens);
        cost.multiplies = model.multiplies(facts.max_tokens);
        cost.sample = "a text of that length";
        cost.samples = "texts";
        cost.tokens_text = fmt::format("{} at most", cost.tokens);
        cost.vocabulary = vocabulary_text("a vocabulary", facts.vocabulary, data.vocabulary_is_limit);
        return cost;
    }

    Variable forward_empty(Module& model, const DataFacts& facts, Context& context, int64_t count) const override {
        const EmptyTokens texts(context, count, facts_as<TextDataFacts>(facts).max_tokens);
        ForwardState state;
        state.training = true;
        return dynamic_cast<TextClassifier&>(model).forward(texts.ids, texts.lengths, state);
    }

    std::vector<std::pair<std::string, std::string>> information(const TrainedModel& trained) const override {
        const auto& facts = facts_as<TextDataFacts>(*trained.facts);
        const TextClassifier& model = trained.model_as<TextClassifier>();
        return {{"data", fmt::format("{}: texts of up to {} tokens, {} classes", facts.name, facts.max_tokens,
                                     facts.class_names.size())},
                {"tokenizer", fmt::format("{}, {} tokens", facts.tokenizer.kind, facts.vocabulary)},
                {"model",
                 fmt::format("{}: {} multiply-adds for a text of {} tokens", trained.recipe.section("model").choice(),
                             model.multiplies(facts.max_tokens), facts.max_tokens)}};
    }

    std::string compared_by(const DataFacts& facts) const override {
        return facts_as<TextDataFacts>(facts).several_labels ? "micro F1" : TrainingKind::compared_by(facts);
    }

    void predict(SavedModel& saved, const PredictRequest& request) const override { predict_texts(saved, request); }
    void score(SavedModel& saved, const ScoreRequest& request) const override { score_texts(saved, request); }
    std::vector<std::string> served_commands() const override { return {"predict", "score", "explain"}; }
    void explain(SavedModel& saved, const SampleRequest& request, const TakeSample& take) const override {
        explain_texts(saved, request, take);
    }
    std::vector<std::string> settings_of(const std::string& command) const override {
        if (command == "report") return {"data.root"};
        if (command == "score") return {"data.batch"};
        std::vector<std::string> settings = {"data.batch"};
        if (command == "eval" || command == "explain") settings = {"data.root", "data.test_file"};
        settings.emplace_back("data.name");
        for (const std::string& name : text_column_settings()) settings.push_back("data." + name);
        return settings;
    }
};

}  // namespace

const TrainingKind& text_kind() {
    static const TextKind kind;
    return kind;
}

}  // namespace heed
