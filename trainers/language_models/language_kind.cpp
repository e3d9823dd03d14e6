#include "heed/trainers/language_models/language_kind.h"

#include <fmt/format.h>

#include "heed/core/ops/shapes/reshape.h"
#include "heed/datasets/text/sets/plain_text_set.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/layers/models/language_models.h"
#include "heed/trainers/kinds/empty_tokens.h"
#include "heed/trainers/kinds/tokenizer_section.h"
#include "heed/trainers/language_models/language_facts.h"
#include "heed/trainers/language_models/language_recipe_model.h"
#include "heed/trainers/language_models/language_workload.h"
#include "heed/trainers/language_models/line_scorer.h"
#include "heed/trainers/language_models/masking.h"
#include "heed/trainers/language_models/text_generator.h"

namespace heed {

namespace {

class LanguageKind final : public TrainingKind {
public:
    const char* id() const override { return "language_models"; }
    const char* name() const override { return LanguageDataFacts::kind_name; }
    const char* model_name() const override { return "a language model"; }
    bool classifies() const override { return false; }
    std::vector<std::string> metrics() const override {
        return {"loss", "accuracy", "perplexity", "smoothed_perplexity", "bits_per_byte"};
    }
    const char* unit() const override { return "tokens"; }
    int64_t batch(const Recipe& recipe) const override {
        const auto& options = recipe.options<PlainTextOptions>("data");
        return options.batch * options.context;
    }
    bool batch_is_limit() const override { return true; }
    std::vector<std::string> class_parameters() const override { return {}; }
    std::vector<std::string> word_parameters(const std::string&) const override { return {"embedding.", "head."}; }

    std::vector<SectionChoice> models() const override { return choices_of(language_model_types()); }
    std::vector<SectionChoice> data_sets() const override { return choices_of(plain_text_sets()); }
    std::vector<SectionSpec> sections() const override { return {tokenizer_section()}; }

    std::unique_ptr<DataFacts> read_details(const std::string& json) const override {
        return LanguageDataFacts::from_details(json);
    }

    std::unique_ptr<Module> make_model(const Recipe& recipe, const DataFacts& facts) const override {
        return make_language_model(recipe, facts_as<LanguageDataFacts>(facts));
    }

    std::unique_ptr<Workload> open(const Recipe& recipe, Context& context, const SharedFacts& known) const override {
        return std::make_unique<LanguageWorkload>(recipe, context, known);
    }
    std::unique_ptr<Workload> open(TrainedModel& trained, Context& context) const override {
        return std::make_unique<LanguageWorkload>(trained, context);
    }

    std::optional<ExpectedData> expected_data(const Recipe& recipe) const override {
        const auto& tokenizer = recipe.options<TokenizerOptions>("tokenizer");
        auto facts = std::make_shared<LanguageDataFacts>();
        facts->name = recipe.section("data").choice();
        facts->vocabulary = expected_vocabulary(tokenizer);
        facts->context = recipe.options<PlainTextOptions>("data").context;
        return ExpectedData{facts, 0, tokenizer.is_trained()};
    }

    SampleCost sample_cost(const Recipe& recipe, Module& module, const ExpectedData& data) const override {
        const auto& facts = facts_as<LanguageDataFacts>(*data.facts);
        SampleCost cost;
        cost.tokens = facts.context;
        const auto& model = dynamic_cast<LanguageModel&>(module);
        cost.multiplies = model.multiplies(facts.context);
        if (const LanguageModelShape shape = model.shape(); shape.mask_token >= 0) {
            // The output layer works on the hidden tokens alone.
            cost.multiplies -= (facts.context - masked_tokens(facts.context)) * shape.dim * shape.vocabulary;
        }
        cost.sample = "a window";
        cost.samples = "windows";
        cost.tokens_text = fmt::format("{} a window", facts.context);
        cost.vocabulary = vocabulary_text("a vocabulary", facts.vocabulary, data.vocabulary_is_limit);
        cost.steps = fmt::format(
            "known with the data alone, which are not looked at: an epoch is as many windows as "
            "the training text has tokens / {}",
            recipe.options<PlainTextOptions>("data").training_stride());
        return cost;
    }

    int64_t samples_at_a_time(const Recipe& recipe) const override {
        return recipe.options<PlainTextOptions>("data").batch;
    }

    Variable forward_empty(Module& module, const DataFacts& all_facts, Context& context, int64_t count) const override {
        const auto& facts = facts_as<LanguageDataFacts>(all_facts);
        const EmptyTokens texts(context, count, facts.context);
        ForwardState state;
        state.training = true;
        auto& model = dynamic_cast<LanguageModel&>(module);
        if (model.shape().mask_token >= 0) {
            const Tensor rows = Tensor::zeros(context, {count * masked_tokens(facts.context)}, DType::i32);
            return model.forward_rows(texts.ids, texts.lengths, rows, state);
        }
        const Variable logits = model.forward(texts.ids, texts.lengths, state);
        return reshape(logits, {count * facts.context, logits.shape()[-1]});
    }

    std::vector<std::pair<std::string, std::string>> information(const TrainedModel& trained) const override {
        const auto& facts = facts_as<LanguageDataFacts>(*trained.facts);
        return {{"data", fmt::format("{}: windows of {} tokens", facts.name, facts.context)},
                {"tokenizer", fmt::format("{}, {} tokens", facts.tokenizer.kind, facts.vocabulary)},
                {"model", fmt::format("{}: {} multiply-adds for {} tokens", trained.recipe.section("model").choice(),
                                      trained.model_as<LanguageModel>().multiplies(facts.context), facts.context)}};
    }

    std::string compared_by(const DataFacts&) const override { return "loss"; }

    void generate(SavedModel& saved, const GenerateRequest& request) const override { generate_text(saved, request); }
    void score(SavedModel& saved, const ScoreRequest& request) const override { score_lines_of_text(saved, request); }
    std::vector<std::string> served_commands() const override { return {"generate", "score"}; }
    std::vector<std::string> settings_of(const std::string& command) const override {
        if (command == "report") return {"data.root"};
        if (command == "eval") {
            return {"data.root",      "data.name",         "data.test_files",
                    "data.documents", "data.eval_context", "data.eval_stride"};
        }
        if (command == "generate") return {"data.eval_context"};
        if (command == "score") return {"data.eval_context", "data.eval_stride"};
        return {};
    }
};

}  // namespace

const TrainingKind& language_kind() {
    static const LanguageKind kind;
    return kind;
}

}  // namespace heed
