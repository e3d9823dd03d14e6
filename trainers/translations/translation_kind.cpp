#include "heed/trainers/translations/translation_kind.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/datasets/text/sets/parallel_data_set.h"
#include "heed/datasets/text/sets/text_pairs.h"
#include "heed/layers/models/translation_models.h"
#include "heed/trainers/decoding/beam_search_options.h"
#include "heed/trainers/kinds/empty_tokens.h"
#include "heed/trainers/kinds/tokenizer_section.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/translations/line_translator.h"
#include "heed/trainers/translations/pair_scorer.h"
#include "heed/trainers/translations/scoring/score_options.h"
#include "heed/trainers/translations/scoring/translation_scores.h"
#include "heed/trainers/translations/scoring/validation_bleu_options.h"
#include "heed/trainers/translations/scoring/validation_rouge_options.h"
#include "heed/trainers/translations/translation_facts.h"
#include "heed/trainers/translations/translation_model.h"
#include "heed/trainers/translations/translation_samples.h"
#include "heed/trainers/translations/translation_workload.h"

namespace heed {

namespace {

class TranslationKind final : public TrainingKind {
public:
    const char* id() const override { return "translations"; }
    const char* name() const override { return TranslationDataFacts::kind_name; }
    const char* model_name() const override { return "a translator"; }
    std::vector<std::string> metrics() const override {
        std::vector<std::string> names = {"loss", "accuracy", "perplexity", "smoothed_perplexity"};
        const std::vector<std::string> scores = translation_score_names();
        names.insert(names.end(), scores.begin(), scores.end());
        return names;
    }
    const char* unit() const override { return "target tokens"; }
    int64_t batch(const Recipe& recipe) const override { return recipe.options<ParallelDataOptions>("data").tokens; }
    bool batch_is_limit() const override { return true; }

    std::vector<std::string> class_parameters() const override { return {}; }
    /// A table that both languages share is called "embedding"; the output layer is over the words of the target.
    std::vector<std::string> word_parameters(const std::string& tokenizer) const override {
        if (tokenizer == "source_tokenizer") return {"source_embedding.", "embedding."};
        return {"target_embedding.", "embedding.", "head."};
    }
    bool classifies() const override { return false; }

    std::vector<SectionChoice> models() const override { return choices_of(translation_model_types()); }
    std::vector<SectionChoice> data_sets() const override { return choices_of(parallel_data_sets()); }
    std::vector<SectionSpec> sections() const override {
        return {attention_section("encoder", "The self-attention of the encoder of a translator or forecaster."),
                attention_section("decoder", "The self-attention of the decoder of a translator or forecaster."),
                attention_section("cross", "The attention of such a decoder to the encoder."),
                tokenizer_section(),
                untyped_section<BeamSearchOptions>("decoding", "How translations are searched."),
                untyped_section<ScoreOptions>("scores", "What translations are scored by."),
                untyped_section<ValidationBleuOptions>("train.bleu", "Translations on the way."),
                untyped_section<ValidationRougeOptions>("train.rouge", "The same for summaries.")};
    }

    std::unique_ptr<DataFacts> read_details(const std::string& json) const override {
        return TranslationDataFacts::from_details(json);
    }

    std::unique_ptr<Module> make_model(const Recipe& recipe, const DataFacts& facts) const override {
        return make_translation_model(recipe, facts_as<TranslationDataFacts>(facts).geometry());
    }

    std::unique_ptr<Workload> open(const Recipe& recipe, Context& context, const SharedFacts& known) const override {
        return std::make_unique<TranslationWorkload>(recipe, context, known);
    }
    std::unique_ptr<Workload> open(TrainedModel& trained, Context& context) const override {
        return std::make_unique<TranslationWorkload>(trained, context);
    }

    void check_fit(const Recipe& recipe, const DataFacts*) const override {
        const auto& by_bleu = recipe.options<ValidationBleuOptions>("train.bleu");
        const auto& by_rouge = recipe.options<ValidationRougeOptions>("train.rouge");
        if (by_bleu.chooses_best && !by_rouge.form().empty()) {
            throw UserError(recipe.placed(
                "train.rouge.chooses_best and train.bleu.chooses_best: expected one of them to choose the best model"));
        }
        if (by_bleu.sentences > 0 && by_rouge.sentences > 0 && by_bleu.sentences != by_rouge.sentences) {
            throw UserError(recipe.placed(
                fmt::format("train.rouge.sentences {}: expected as many as train.bleu.sentences ({}), as the same "
                            "translations are scored",
                            by_rouge.sentences, by_bleu.sentences)));
        }
    }

    std::optional<ExpectedData> expected_data(const Recipe& recipe) const override {
        const auto& options = recipe.options<ParallelDataOptions>("data");
        const auto& tokenizer = recipe.options<TokenizerOptions>("tokenizer");
        auto facts = std::make_shared<TranslationDataFacts>();
        facts->name = recipe.section("data").choice();
        facts->source_vocabulary = expected_vocabulary(tokenizer);
        facts->target_vocabulary = expected_vocabulary(tokenizer.of_target());
        facts->same_ids = tokenizer.is_read() && facts->source_vocabulary == facts->target_vocabulary;
        facts->max_source_tokens = options.longest_source();
        facts->max_target_tokens = options.longest_target() - 1;
        facts->joint = options.joint_vocabulary;
        return ExpectedData{facts, 0, !tokenizer.is_read()};
    }

    SampleCost sample_cost(const Recipe& recipe, Module& module, const ExpectedData& data) const override {
        const auto& facts = facts_as<TranslationDataFacts>(*data.facts);
        SampleCost cost;
        cost.tokens = facts.max_source_tokens;
        cost.multiplies =
            dynamic_cast<Translator&>(module).multiplies(facts.max_source_tokens, facts.max_target_tokens);
        cost.sample = "a pair of that length";
        cost.samples = "pairs of that length";
        cost.tokens_text = fmt::format("{} of a source and {} of a translation at most", facts.max_source_tokens,
                                       facts.max_target_tokens);
        cost.vocabulary = vocabulary_text(facts.joint ? "one vocabulary" : "two vocabularies", facts.target_vocabulary,
                                          data.vocabulary_is_limit);
        const TrainOptions& train = recipe.options<TrainOptions>("train");
        cost.steps = fmt::format(
            "known with the data alone, which are not looked at: {} epochs of at least as many as there are target "
            "tokens / {}",
            train.epochs, recipe.options<ParallelDataOptions>("data").tokens * train.accumulate);
        cost.is_limit = true;
        return cost;
    }

    int64_t samples_at_a_time(const Recipe& recipe) const override {
        const auto& options = recipe.options<ParallelDataOptions>("data");
        return std::max<int64_t>(1, options.tokens / std::max(options.longest_source(), options.longest_target()));
    }

    Variable forward_empty(Module& module, const DataFacts& all_facts, Context& context, int64_t count) const override {
        const auto& facts = facts_as<TranslationDataFacts>(all_facts);
        auto& model = dynamic_cast<Translator&>(module);
        const EmptyTokens sources(context, count, facts.max_source_tokens);
        const EmptyTokens targets(context, count, facts.max_target_tokens);
        ForwardState state;
        state.training = true;
        const Variable encoded = model.encode(sources.ids, sources.lengths, state);
        const Variable logits = model.decode(targets.ids, targets.lengths, encoded, sources.lengths, state);
        return reshape(logits, {count * facts.max_target_tokens, logits.shape()[-1]});
    }

    std::vector<std::pair<std::string, std::string>> information(const TrainedModel& trained) const override {
        const auto& facts = facts_as<TranslationDataFacts>(*trained.facts);
        const int64_t sources = facts.max_source_tokens, targets = facts.max_target_tokens;
        return {{"data", fmt::format("{}: sentences of up to {} tokens, translations of up to {}", facts.name, sources,
                                     targets)},
                {"tokenizer",
                 fmt::format("{}, {} source and {} target tokens{}", facts.source_tokenizer.kind,
                             facts.source_vocabulary, facts.target_vocabulary, facts.joint ? " (the same)" : "")},
                {"model", fmt::format("{}: {} multiply-adds for a pair of {} and {} tokens",
                                      trained.recipe.section("model").choice(),
                                      trained.model_as<Translator>().multiplies(sources, targets), sources, targets)}};
    }

    std::string compared_by(const DataFacts&) const override { return "loss"; }

    void translate(SavedModel& saved, const TranslateRequest& request) const override {
        translate_lines(saved, request);
    }
    void score(SavedModel& saved, const ScoreRequest& request) const override { score_pairs(saved, request); }
    std::vector<std::string> served_commands() const override { return {"translate", "score", "explain"}; }
    void explain(SavedModel& saved, const SampleRequest& request, const TakeSample& take) const override {
        explain_translations(saved, request, take);
    }
    std::vector<std::string> settings_of(const std::string& command) const override {
        if (command == "report") return {"data.root", "decoding.*", "scores.*"};
        std::vector<std::string> settings;
        if (command == "eval" || command == "explain") {
            settings = {"data.root", "data.name", "data.test_source", "data.test_target", "data.test_file"};
            for (const std::string& name : pair_column_settings()) settings.push_back("data." + name);
        }
        if (command == "translate") {
            settings = {"data.name"};
            for (const std::string& name : source_column_settings()) settings.push_back("data." + name);
        }
        if (command != "score") settings.emplace_back("decoding.*");
        if (command == "eval") settings.emplace_back("scores.*");
        return settings;
    }
};

}  // namespace

const TrainingKind& translation_kind() {
    static const TranslationKind kind;
    return kind;
}

}  // namespace heed
