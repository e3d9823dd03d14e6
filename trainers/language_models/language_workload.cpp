#include "heed/trainers/language_models/language_workload.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/datasets/text/files/text_file.h"
#include "heed/datasets/text/plain/line_tokens.h"
#include "heed/datasets/text/sets/plain_text_set.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/trainers/language_models/language_recipe_model.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/report/remarks.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

TextBytes bytes_of(const std::string& tokenizer_kind) {
    return tokenizer_kind == "byte" ? TextBytes::any : TextBytes::utf8;
}

PlainTextData open_text(const Recipe& recipe) {
    return plain_text_set(recipe.section("data").choice())
        .open(recipe.options<PlainTextOptions>("data"), bytes_of(recipe.options<TokenizerOptions>("tokenizer").type));
}

bool names_other_text(const Recipe& recipe) {
    const Section& data = recipe.section("data");
    return data.choice() == "plain_text" && data.source("test_files").kind == Source::Kind::command_line;
}

/// The text of the recipe, or the test text that was given instead.
PlainTextData open_text_for(const TrainedModel& trained) {
    if (!names_other_text(trained.recipe)) return open_text(trained.recipe);
    return open_test_text(trained.recipe.options<PlainTextOptions>("data"),
                          bytes_of(facts_as<LanguageDataFacts>(*trained.facts).tokenizer.kind));
}

DataFingerprints fingerprints_of(const PlainTextData& data) {
    return {fingerprint(data.train), fingerprint(data.validation), fingerprint(data.test)};
}

std::vector<std::string_view> lines_of(const PlainText& text) {
    std::vector<std::string_view> all;
    for (const std::string& document : text.documents) {
        LineReader lines(document);
        for (std::string_view line; lines.next(line);) all.push_back(line);
    }
    return all;
}

SharedFacts facts_of_text(const Recipe& recipe, const PlainTextData& data, const SharedFacts& known) {
    const DataFingerprints prints = fingerprints_of(data);
    if (known) {
        check_unchanged(*known, prints, data.origin);
        return known;
    }
    const auto& options = recipe.options<TokenizerOptions>("tokenizer");
    const auto tokenizer =
        train_tokenizer(options, options.is_trained() ? lines_of(data.train) : std::vector<std::string_view>{});
    auto facts = std::make_shared<LanguageDataFacts>();
    facts->name = data.name;
    facts->fingerprints = prints;
    facts->vocabulary = tokenizer->vocabulary_size();
    facts->context = recipe.options<PlainTextOptions>("data").context;
    facts->tokenizer = {tokenizer->kind(), tokenizer->serialized()};
    return facts;
}

/// Whether the tokens give the text back, so that a loss can be told by its bytes.
bool gives_text_back(const Tokenizer& tokenizer, const EncodeReport& report) {
    return tokenizer.is_byte_level() || (tokenizer.kind() == "sentencepiece" && report.unknown == 0);
}

double language_share(int64_t part, int64_t whole) {
    return static_cast<double>(part) / static_cast<double>(std::max<int64_t>(1, whole));
}

std::string documents_text(int64_t count) {
    return count == 1 ? "one text" : group_digits(count) + " documents";
}

}  // namespace

LanguageWorkload::LanguageWorkload(const Recipe& recipe, Context& context, const SharedFacts& known)
    : recipe_(recipe),
      context_(context),
      data_(open_text(recipe)),
      facts_(facts_of_text(recipe, data_, known)),
      tokenizer_(load_tokenizer(language_facts().tokenizer.kind, language_facts().tokenizer.bytes)),
      own_model_(make_language_model(recipe, language_facts())),
      model_(*own_model_),
      task_(context_, model_, encode(), recipe.options<TrainOptions>("train").label_smoothing) {}

LanguageWorkload::LanguageWorkload(TrainedModel& trained, Context& context)
    : recipe_(trained.recipe),
      context_(context),
      data_(open_text_for(trained)),
      facts_(trained.facts),
      tokenizer_(load_tokenizer(language_facts().tokenizer.kind, language_facts().tokenizer.bytes)),
      model_(trained.model_as<LanguageModel>()),
      task_(context_, model_, encode(), recipe_.options<TrainOptions>("train").label_smoothing) {}

const LanguageDataFacts& LanguageWorkload::language_facts() const {
    return facts_as<LanguageDataFacts>(*facts_);
}

EncodedLanguageData LanguageWorkload::encode() {
    const auto& options = recipe_.options<PlainTextOptions>("data");
    const WindowPlan training = {language_facts().context,
                                 std::min(options.training_stride(), language_facts().context), false};
    const WindowPlan evaluation = {options.evaluation_context(), options.evaluation_stride(), true};
    EncodeReport others;
    EncodedLanguageData encoded;
    encoded.train = encode_split(data_.train, "training", training, encoded_);
    encoded.validation = encode_split(data_.validation, "validation", evaluation, others);
    encoded.test = encode_split(data_.test, "test", evaluation, others);
    encoded.context = language_facts().context;
    encoded.pad = tokenizer_->special().pad;
    return encoded;
}

EncodedLanguage LanguageWorkload::encode_split(const PlainText& text, const char* part, const WindowPlan& plan,
                                               EncodeReport& report) {
    EncodedTexts documents;
    EncodeReport own;
    for (const std::string& document : text.documents) documents.add(encode_lines(*tokenizer_, document, own));
    EncodedLanguage encoded;
    if (gives_text_back(*tokenizer_, own) && own.tokens > 0)
        encoded.bytes_per_token = language_share(text.bytes(), own.tokens);
    report.texts += own.texts;
    report.tokens += own.tokens;
    report.unknown += own.unknown;
    encoded.windows = TokenWindows(std::move(documents), plan);
    const bool one = recipe_.value("data", "documents") == "one";
    if (!text.documents.empty() && (one ? own.tokens <= plan.context : encoded.windows.size() == 0)) {
        throw UserError(recipe_.placed(
            one ? fmt::format("{} {}: the {} text is shorter than one window: expected at least {} tokens, got {}",
                              plan.context == language_facts().context ? "data.context" : "data.eval_context",
                              plan.context, part, plan.context + 1, own.tokens)
                : fmt::format("data.documents {}: expected {} documents of two tokens or more, found none",
                              recipe_.value("data", "documents"), part)));
    }
    return encoded;
}

std::vector<std::string> LanguageWorkload::changed_data() const {
    return facts_->fingerprints.changed(fingerprints_of(data_));
}

std::optional<OtherTest> LanguageWorkload::other_test() const {
    if (!names_other_text(recipe_) || own_model_) return std::nullopt;
    return OtherTest{data_.origin, data_.remarks};
}

int64_t LanguageWorkload::attention_weights() const {
    return model_.shape().heads * most_tokens() * most_tokens();
}

std::vector<std::string> LanguageWorkload::description() {
    const LanguageDataFacts& input = language_facts();
    const EncodedLanguageData& encoded = task_.data();
    const auto& options = recipe_.options<PlainTextOptions>("data");
    std::vector<std::string> lines = {
        fmt::format("{}: {} training, {} validation, {} test bytes; {} to train on", data_.name, data_.train.bytes(),
                    data_.validation.bytes(), data_.test.bytes(), documents_text(data_.train.size())),
        fmt::format("{} tokenizer: {} tokens, {} of the training text unknown; a token has {:.2f} bytes on average",
                    input.tokenizer.kind, input.vocabulary,
                    percent_text(language_share(encoded_.unknown, encoded_.tokens), 2),
                    language_share(data_.train.bytes(), encoded_.tokens)),
        fmt::format("{} training windows of {} tokens every {}; evaluations on {} tokens of validation and {} of test, "
                    "in windows of {} every {}",
                    encoded.train.size(), input.context, options.training_stride(),
                    encoded.validation.windows.counted(), encoded.test.windows.counted(), options.evaluation_context(),
                    options.evaluation_stride()),
        fmt::format("{} with {} attention: {} parameters", recipe_.section("model").choice(), attention_text(recipe_),
                    model_.parameter_count())};
    for (const std::string& remark :
         {vocabulary_remark(recipe_.options<TokenizerOptions>("tokenizer"), input.vocabulary),
          attention_remark(model_, most_tokens())}) {
        if (!remark.empty()) lines.push_back(remark);
    }
    lines.insert(lines.end(), data_.remarks.begin(), data_.remarks.end());
    return lines;
}

void LanguageWorkload::add_to_report(ReportInput& input, const Evaluation& test) {
    const LanguageDataFacts& facts = language_facts();
    std::string text = fmt::format("nats a token on {} test tokens", group_digits(test.count));
    for (const auto& [name, value] : test.more) {
        if (name == "perplexity") text += fmt::format(", perplexity {:.4g}", value);
        if (name == "bits_per_byte") text += fmt::format(", {:.4f} bits a byte", value);
    }
    input.result = {fmt::format("{:.4f}", test.loss), text};
    input.facts = {
        {"Data", data_.name},
        {"Text", fmt::format("{} bytes of training, {} of validation, {} of test", group_digits(data_.train.bytes()),
                             group_digits(data_.validation.bytes()), group_digits(data_.test.bytes()))},
        {"Tokenizer", fmt::format("{}, {} tokens", facts.tokenizer.kind, group_digits(facts.vocabulary))},
        {"Window", fmt::format("{} tokens", facts.context)}};
    if (!data_.remarks.empty()) input.sections.push_back(data_remarks_html(data_.remarks));
}

}  // namespace heed
