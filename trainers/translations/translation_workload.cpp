#include "heed/trainers/translations/translation_workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/datasets/text/fingerprint.h"
#include "heed/datasets/text/sets/parallel_data_set.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/trainers/inspection/attention_places.h"
#include "heed/trainers/loop/stop_request.h"
#include "heed/trainers/metrics/bleu.h"
#include "heed/trainers/metrics/chrf.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/report/remarks.h"
#include "heed/trainers/report/text.h"
#include "heed/trainers/translations/translation_model.h"
#include "heed/trainers/translations/translation_sections.h"
#include "heed/trainers/translations/validation_bleu_options.h"

namespace heed {

namespace {

ParallelData open_pairs(const Recipe& recipe) {
    return parallel_data_set(recipe.section("data").choice()).open(recipe.options<ParallelDataOptions>("data"));
}

bool names_other_pairs(const Recipe& recipe) {
    const Section& data = recipe.section("data");
    const auto is_given = [&](const char* leaf) { return data.source(leaf).kind == Source::Kind::command_line; };
    return is_given("test_source") || is_given("test_target");
}

/// The data of the recipe, or the test set that was given instead.
ParallelData open_pairs_for(const Recipe& recipe) {
    if (!names_other_pairs(recipe)) return open_pairs(recipe);
    return open_test_pairs(recipe.options<ParallelDataOptions>("data"));
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
    facts->max_source_tokens = options.length;
    facts->max_target_tokens = options.length - 1;  // a target's begin counts in data.length
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
      data_(open_pairs(recipe)),
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
    const bool skips = recipe_.options<ParallelDataOptions>("data").too_long == "skip";
    EncodedPairs pairs =
        encode_pairs(*tokenizers_.source, *tokenizers_.target, views(data_.train.sources), views(data_.train.targets),
                     input.source_encode_options(), input.target_encode_options(), skips);
    encoded_.sources = pairs.source_report;
    encoded_.targets = pairs.target_report;
    encoded_.skipped = pairs.skipped;
    if (pairs.indices.empty() && !other_test()) {
        throw UserError(recipe_.placed(fmt::format(
            "data.length {}: every one of the {} training pairs has a longer sentence; expected more, or data.too_long "
            "cut",
            recipe_.options<ParallelDataOptions>("data").length, data_.train.size())));
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
                                      input.source_encode_options(), input.target_encode_options(), false);
    encoded_.cut_elsewhere += pairs.source_report.cut + pairs.target_report.cut;
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
    std::vector<std::vector<std::string>> single;
    bool several = false;
    for (const std::vector<std::string>& references : texts.references) {
        single.push_back({references.front()});
        several = several || references.size() > 1;
    }
    const auto add = [&](const std::string& suffix, const std::vector<std::vector<std::string>>& references) {
        const BleuScore words = bleu(result.translations, references);
        const ChrfScore characters = chrf(result.translations, references);
        result.more.emplace_back("bleu" + suffix, words.score);
        result.more.emplace_back("chrf" + suffix, characters.score);
        result.remarks.push_back(words.text());
        result.remarks.push_back(characters.text());
    };
    add("", single);
    if (several) add("_multi", texts.references);
    result.more.emplace_back("translating_seconds", seconds.count());
}

void TranslationWorkload::translate_some(Evaluation& result, Communicator& ranks) {
    const auto& options = recipe_.options<ValidationBleuOptions>("train.bleu");
    const EncodedTexts& sources = task_.data().validation.sources;
    const int64_t count = std::min(options.sentences, sources.size());
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
    const double score = bleu(translations, references).score;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    result.more.emplace_back("bleu", score);
    result.more.emplace_back("translating_seconds", seconds.count());
    if (!options.chooses_best) return;
    result.score = score;
    result.compared_by = "BLEU";
}

std::vector<Alignment> TranslationWorkload::sample_alignments() {
    constexpr int64_t pictures = 6, least_tokens = 5, most_tokens = 20;
    const EncodedTexts& sources = task_.data().test.sources;
    // The first sentence that is neither short nor long in each of as many parts of the split.
    std::vector<int64_t> chosen;
    for (int64_t part = 0; part < pictures; ++part) {
        for (int64_t i = part * sources.size() / pictures; i < (part + 1) * sources.size() / pictures; ++i) {
            if (sources.length(i) < least_tokens || sources.length(i) > most_tokens) continue;
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
    const int64_t cut = encoded_.sources.cut + encoded_.targets.cut;
    lines.push_back(
        fmt::format("longer than data.length: {} training pairs left out, {} training sentences and {} of "
                    "validation and test shortened",
                    encoded_.skipped, cut, encoded_.cut_elsewhere));
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
        {"Longest sentence", fmt::format("{} tokens", facts.max_source_tokens)}};
    if (!data_.remarks.empty()) input.sections.push_back(data_remarks_html(data_.remarks));
    const std::string lacking = lacking_weights(model_, /*cross=*/true);
    if (!lacking.empty()) input.left_out.push_back("Alignments are left out: " + lacking + ".");
    add_translation_sections(input, data_.test, test, lacking.empty() ? sample_alignments() : std::vector<Alignment>(),
                             cross_attention_remark(recipe_));
}

}  // namespace heed
