#include "heed/trainers/translations/translation_workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/datasets/text/fingerprint.h"
#include "heed/datasets/text/sets/parallel_data_set.h"
#include "heed/datasets/text/sets/text_pairs.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/trainers/answers/table_files.h"
#include "heed/trainers/inspection/attention_places.h"
#include "heed/trainers/loop/stop_request.h"
#include "heed/trainers/metrics/bleu.h"
#include "heed/trainers/metrics/rouge.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/report/remarks.h"
#include "heed/trainers/report/text.h"
#include "heed/trainers/translations/scoring/score_options.h"
#include "heed/trainers/translations/scoring/translation_scores.h"
#include "heed/trainers/translations/scoring/validation_bleu_options.h"
#include "heed/trainers/translations/scoring/validation_rouge_options.h"
#include "heed/trainers/translations/translation_kind.h"
#include "heed/trainers/translations/translation_model.h"
#include "heed/trainers/translations/translation_sections.h"

namespace heed {

namespace {

constexpr int64_t least_pictured_tokens = 5, most_pictured_tokens = 20;  // of a source whose alignment the report has

ParallelData open_pairs(const Recipe& recipe) {
    return parallel_data_set(recipe.section("data").choice()).open(recipe.options<ParallelDataOptions>("data"));
}

/// For a training, whose settings are looked at before its data are.
ParallelData open_training_pairs(const Recipe& recipe) {
    translation_kind().check_fit(recipe, nullptr);
    return open_pairs(recipe);
}

bool names_other_pairs(const Recipe& recipe) {
    const Section& data = recipe.section("data");
    const auto is_given = [&](const char* leaf) { return data.source(leaf).kind == Source::Kind::command_line; };
    return is_given("test_source") || is_given("test_target") || is_given("test_file");
}

/// The data of the recipe, or the test set that was given instead.
ParallelData open_pairs_for(const Recipe& recipe) {
    if (names_other_pairs(recipe)) {
        return parallel_data_set(recipe.section("data").choice())
            .open_test(recipe.options<ParallelDataOptions>("data"));
    }
    refuse_table_settings(recipe, pair_column_settings(), "without data.test_file the pairs of the training are read");
    return open_pairs(recipe);
}

DataFingerprints fingerprints_of(const ParallelData& data) {
    return {fingerprint(data.train), fingerprint(data.validation), fingerprint(data.test)};
}

/// Whether each token has the same id in both.
bool have_same_ids(const Tokenizer& source, const Tokenizer& target) {
    if (source.vocabulary_size() != target.vocabulary_size()) return false;
    for (int64_t id = 0; id < source.vocabulary_size(); ++id) {
        if (source.token(static_cast<int32_t>(id)) != target.token(static_cast<int32_t>(id))) return false;
    }
    return true;
}

SharedFacts facts_of_pairs(const Recipe& recipe, const ParallelData& data, const SharedFacts& known) {
    const DataFingerprints prints = fingerprints_of(data);
    if (known) {
        check_unchanged(*known, prints, data.origin);
        return known;
    }
    const auto& options = recipe.options<ParallelDataOptions>("data");
    const auto& tokenizer = recipe.options<TokenizerOptions>("tokenizer");
    std::vector<std::string_view> sources = views(data.train.sources);
    const std::vector<std::string_view> targets = views(data.train.targets);
    auto facts = std::make_shared<TranslationDataFacts>();
    facts->name = data.name;
    facts->fingerprints = prints;
    facts->joint = options.joint_vocabulary;
    facts->max_source_tokens = options.longest_source();
    facts->max_target_tokens = options.longest_target() - 1;  // a target's begin counts in its length
    if (facts->joint) sources.insert(sources.end(), targets.begin(), targets.end());
    const auto source = train_tokenizer(tokenizer, sources);
    facts->source_tokenizer = {source->kind(), source->serialized()};
    facts->source_vocabulary = facts->target_vocabulary = source->vocabulary_size();
    if (!facts->joint) {
        const auto target = train_tokenizer(tokenizer.of_target(), targets);
        facts->target_tokenizer = {target->kind(), target->serialized()};
        facts->target_vocabulary = target->vocabulary_size();
        facts->same_ids = tokenizer.is_read() && have_same_ids(*source, *target);
    }
    return facts;
}

double share_of(int64_t part, int64_t whole) {
    return static_cast<double>(part) / static_cast<double>(std::max<int64_t>(1, whole));
}

std::string tokenizer_line(const char* side, const StoredTokenizer& tokenizer, int64_t vocabulary,
                           const EncodeReport& report) {
    return fmt::format(
        "{}: {} tokenizer of {} tokens, {} of the training text unknown; a sentence has {:.1f} on "
        "average",
        side, tokenizer.kind, vocabulary, percent_text(share_of(report.unknown, report.tokens), 2),
        share_of(report.tokens, report.texts));
}

}  // namespace

TranslationWorkload::TranslationWorkload(const Recipe& recipe, Context& context, const SharedFacts& known)
    : recipe_(recipe),
      context_(context),
      data_(open_training_pairs(recipe)),
      facts_(facts_of_pairs(recipe, data_, known)),
      tokenizers_(translation_facts()),
      own_model_(make_translation_model(recipe, translation_facts().geometry())),
      model_(*own_model_),
      translates_validation_(false),
      task_(context_, model_, encode(), recipe.options<TrainOptions>("train").label_smoothing,
            [this](Split split, Evaluation& result, Communicator& ranks) { translate(split, result, ranks); }) {}

TranslationWorkload::TranslationWorkload(TrainedModel& trained, Context& context)
    : recipe_(trained.recipe),
      context_(context),
      data_(open_pairs_for(trained.recipe)),
      facts_(trained.facts),
      tokenizers_(translation_facts()),
      model_(trained.model_as<Translator>()),
      translates_validation_(true),
      task_(context_, model_, encode(), recipe_.options<TrainOptions>("train").label_smoothing,
            [this](Split split, Evaluation& result, Communicator& ranks) { translate(split, result, ranks); }) {}

const TranslationDataFacts& TranslationWorkload::translation_facts() const {
    return facts_as<TranslationDataFacts>(*facts_);
}

EncodedTranslationData TranslationWorkload::encode() {
    const TranslationDataFacts& input = translation_facts();
    const auto& options = recipe_.options<ParallelDataOptions>("data");
    const SkipLong skips = {options.skips_long_sources(), options.skips_long_targets()};
    EncodedPairs pairs =
        encode_pairs(*tokenizers_.source, *tokenizers_.target, views(data_.train.sources), views(data_.train.targets),
                     input.source_encode_options(), input.target_encode_options(), skips);
    encoded_.sources = pairs.source_report;
    encoded_.targets = pairs.target_report;
    encoded_.skipped = pairs.skipped;
    if (pairs.indices.empty() && !other_test()) {
        throw UserError(recipe_.placed(fmt::format(
            "{}: every one of the {} training pairs has a longer sentence; expected more, or data.too_long cut",
            options.lengths_text(), data_.train.size())));
    }
    EncodedTranslationData data;
    const std::vector<float>& weights = data_.train.weights;
    const bool weighted = std::any_of(weights.begin(), weights.end(), [](float weight) { return weight != 1.0F; });
    if (weighted) {
        data.train.weights = pairs.kept(weights);
        refuse_empty_passes(data.train.weights);
    }
    data.train.sources = std::move(pairs.sources);
    data.train.targets = std::move(pairs.targets);
    data.validation = encode_references(data_.validation);
    data.test = encode_references(data_.test);
    data.source_pad = tokenizers_.source->special().pad;
    data.target_pad = tokenizers_.target->special().pad;
    return data;
}

void TranslationWorkload::refuse_empty_passes(const std::vector<float>& weights) const {
    const double visits = std::accumulate(weights.begin(), weights.end(), 0.0);
    if (visits >= 1) return;
    throw UserError(recipe_.placed(
        fmt::format("data.weights {}: an epoch visits {:.2g} of the {} training pairs on average, expected at least "
                    "one; give larger weights",
                    recipe_.value("data", "weights"), visits, weights.size())));
}

EncodedTranslations TranslationWorkload::encode_references(const ReferenceText& texts) {
    const TranslationDataFacts& input = translation_facts();
    std::vector<std::string_view> first;
    for (const std::vector<std::string>& references : texts.references) first.push_back(references.front());
    EncodedPairs pairs = encode_pairs(*tokenizers_.source, *tokenizers_.target, views(texts.sources), first,
                                      input.source_encode_options(), input.target_encode_options(), {});
    encoded_.other_sources.cut += pairs.source_report.cut;
    encoded_.other_targets.cut += pairs.target_report.cut;
    return {std::move(pairs.sources), std::move(pairs.targets), {}};
}

void TranslationWorkload::translate(Split split, Evaluation& result, Communicator& ranks) {
    if (split == Split::train) return;
    if (split == Split::validation && !translates_validation_) return translate_some(result, ranks);
    const auto start = std::chrono::steady_clock::now();
    const ReferenceText& texts = split == Split::test ? data_.test : data_.validation;
    const EncodedTexts& sources = split == Split::test ? task_.data().test.sources : task_.data().validation.sources;
    TranslationDecoder decoder(context_, dynamic_cast<Translator&>(task_.model()), tokenizers_,
                               recipe_.options<BeamSearchOptions>("decoding"));
    result.translations = decoder.translate_shared(sources, ranks);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    add_translation_scores(result, recipe_.options<ScoreOptions>("scores").metrics, texts);
    result.more.emplace_back("translating_seconds", seconds.count());
}

void TranslationWorkload::translate_some(Evaluation& result, Communicator& ranks) {
    const auto& by_bleu = recipe_.options<ValidationBleuOptions>("train.bleu");
    const auto& by_rouge = recipe_.options<ValidationRougeOptions>("train.rouge");
    const EncodedTexts& sources = task_.data().validation.sources;
    const int64_t count = std::min(std::max(by_bleu.sentences, by_rouge.sentences), sources.size());
    if (count == 0) return;
    const auto start = std::chrono::steady_clock::now();
    EncodedTexts some;
    std::vector<std::vector<std::string>> references;
    for (int64_t i = 0; i < count; ++i) {
        const int64_t place = i * sources.size() / count;
        some.add(sources.ids(place));
        references.push_back({data_.validation.references[static_cast<size_t>(place)].front()});
    }
    TranslationDecoder decoder(context_, dynamic_cast<Translator&>(task_.model()), tokenizers_,
                               recipe_.options<BeamSearchOptions>("decoding"));
    const std::vector<std::string> translations = decoder.translate_shared(some, ranks);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const auto add = [&](std::string_view metric, double score, bool chooses_best) {
        result.more.emplace_back(metric, score);
        if (!chooses_best) return;
        result.score = score;
        result.compared_by = score_label(metric);
    };
    if (by_bleu.sentences > 0) add("bleu", bleu(translations, references).score, by_bleu.chooses_best);
    if (by_rouge.sentences > 0) {
        const RougeScores scores = rouge_of_all(translations, references).mean();
        for (size_t form = 0; form < scores.size(); ++form) {
            add(rouge_names[form], 100 * scores[form].f1, by_rouge.form() == rouge_names[form]);
        }
    }
    result.more.emplace_back("translating_seconds", seconds.count());
}

std::vector<Alignment> TranslationWorkload::sample_alignments() {
    constexpr int64_t pictures = 6;
    const EncodedTexts& sources = task_.data().test.sources;
    // The first sentence that is neither short nor long in each of as many parts of the split.
    std::vector<int64_t> chosen;
    for (int64_t part = 0; part < pictures; ++part) {
        for (int64_t i = part * sources.size() / pictures; i < (part + 1) * sources.size() / pictures; ++i) {
            if (sources.length(i) < least_pictured_tokens || sources.length(i) > most_pictured_tokens) continue;
            chosen.push_back(i);
            break;
        }
    }
    EncodedTexts texts;
    for (const int64_t i : chosen) texts.add(sources.ids(i));
    TranslationDecoder decoder(context_, model_, tokenizers_, recipe_.options<BeamSearchOptions>("decoding"));
    const auto translations = decoder.translate(texts);
    std::vector<Alignment> alignments;
    for (size_t i = 0; i < chosen.size(); ++i) {
        stop_point();
        alignments.push_back(align_translation(context_, model_, tokenizers_, sources.ids(chosen[i]),
                                               translations[i].front(),
                                               data_.test.sources[static_cast<size_t>(chosen[i])]));
    }
    return alignments;
}

std::vector<std::string> TranslationWorkload::changed_data() const {
    return facts_->fingerprints.changed(fingerprints_of(data_));
}

int64_t TranslationWorkload::most_tokens() const {
    return model_.shape().max_source_tokens;
}

std::optional<OtherTest> TranslationWorkload::other_test() const {
    if (!names_other_pairs(recipe_) || own_model_) return std::nullopt;
    return OtherTest{data_.origin, {}};
}

int64_t TranslationWorkload::attention_weights() const {
    const TranslatorShape shape = model_.shape();
    const int64_t tokens = std::max(shape.max_source_tokens, shape.max_target_tokens);
    return shape.heads * tokens * tokens;
}

std::vector<std::string> TranslationWorkload::description() {
    const TranslationDataFacts& input = translation_facts();
    std::vector<std::string> lines;
    for (const CorpusFacts& corpus : data_.corpora) {
        lines.push_back(fmt::format("{}: {} pairs, {}; {} more left out (an empty sentence)", corpus.name, corpus.pairs,
                                    weight_text(corpus), corpus.left_out));
    }
    lines.push_back(
        fmt::format("{}: {} training pairs, {} validation and {} test sentences; {} pairs are held back "
                    "with them",
                    data_.name, data_.train.size(), data_.validation.size(), data_.test.size(), data_.held_back));
    const StoredTokenizer& target = input.joint ? input.source_tokenizer : input.target_tokenizer;
    lines.push_back(tokenizer_line("source", input.source_tokenizer, input.source_vocabulary, encoded_.sources));
    lines.push_back(tokenizer_line(input.joint ? "target, with the same tokens" : "target", target,
                                   input.target_vocabulary, encoded_.targets));
    const auto& tokenizer = recipe_.options<TokenizerOptions>("tokenizer");
    for (const std::string& remark : {vocabulary_remark(tokenizer, input.source_vocabulary),
                                      input.joint ? "" : vocabulary_remark(tokenizer, input.target_vocabulary)}) {
        if (!remark.empty()) lines.push_back(remark);
    }
    lines.push_back(
        fmt::format("longer than {}: {} training pairs left out; shortened {} sources and {} targets of training, {} "
                    "and {} of validation and test",
                    recipe_.options<ParallelDataOptions>("data").lengths_text(), encoded_.skipped, encoded_.sources.cut,
                    encoded_.targets.cut, encoded_.other_sources.cut, encoded_.other_targets.cut));
    lines.push_back(fmt::format("{} with {} attention: {} parameters", recipe_.section("model").choice(),
                                attention_text(recipe_), model_.parameter_count()));
    const std::string remark = attention_remark(model_, most_tokens());
    if (!remark.empty()) lines.push_back(remark);
    lines.insert(lines.end(), data_.remarks.begin(), data_.remarks.end());
    return lines;
}

void TranslationWorkload::add_to_report(ReportInput& input, const Evaluation& test) {
    const TranslationDataFacts& facts = translation_facts();
    input.facts = {
        {"Data", data_.name},
        {"Sentences", fmt::format("{} training pairs, {} validation, {} test", group_digits(data_.train.size()),
                                  group_digits(data_.validation.size()), group_digits(data_.test.size()))},
        {"Tokenizer",
         fmt::format("{}, {} and {} tokens{}", facts.source_tokenizer.kind, group_digits(facts.source_vocabulary),
                     group_digits(facts.target_vocabulary), facts.joint ? " (one)" : "")},
        {"Longest sentence",
         fmt::format("{} tokens of a source, {} of a translation", group_digits(facts.max_source_tokens),
                     group_digits(facts.max_target_tokens))}};
    if (!data_.remarks.empty()) input.sections.push_back(data_remarks_html(data_.remarks));
    std::vector<Alignment> alignments;
    std::string lacking = lacking_weights(model_, /*cross=*/true);
    if (lacking.empty()) {
        alignments = sample_alignments();
        if (alignments.empty()) {
            lacking = fmt::format("no test source has {} to {} tokens", least_pictured_tokens, most_pictured_tokens);
        }
    }
    if (!lacking.empty()) input.left_out.push_back("Alignments are left out: " + lacking + ".");
    add_translation_sections(input, data_.test, test, alignments, cross_attention_remark(recipe_));
}

}  // namespace heed
