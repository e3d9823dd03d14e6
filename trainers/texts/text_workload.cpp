#include "heed/trainers/texts/text_workload.h"
#include "heed/trainers/recipe/attention_choice.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/datasets/text/fingerprint.h"
#include "heed/datasets/text/sets/text_data_set.h"
#include "heed/datasets/text/sets/text_files.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/trainers/answers/table_files.h"
#include "heed/trainers/classification/class_weights.h"
#include "heed/trainers/recipe/placed.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/report/text.h"
#include "heed/trainers/texts/text_model.h"
#include "heed/trainers/texts/text_sections.h"
#include "heed/trainers/texts/word_importance.h"

namespace heed {

namespace {

TextData open_texts(const Recipe& recipe) {
    return text_data_set(recipe.section("data").choice()).open(recipe.options<TextDataOptions>("data"));
}

bool names_other_test(const Recipe& recipe) {
    return recipe.section("data").source("test_file").kind == Source::Kind::command_line;
}

/// The data of the recipe, which has to have the classes of the training; or the test set that was given instead.
TextData open_texts_for(const TrainedModel& trained) {
    if (names_other_test(trained.recipe)) {
        return open_test_texts(trained.recipe.options<TextDataOptions>("data"), trained.facts->class_names,
                               facts_as<TextDataFacts>(*trained.facts).several_labels);
    }
    refuse_table_settings(trained.recipe, text_column_settings(),
                          "without data.test_file the texts of the training are read");
    TextData data = open_texts(trained.recipe);
    if (data.class_names() != trained.facts->class_names) {
        throw UserError(
            fmt::format("the model was trained on texts of {} classes, but {} has {} classes{}",
                        trained.facts->class_names.size(), data.name, data.class_names().size(),
                        data.class_names().size() == trained.facts->class_names.size() ? " of other names" : ""));
    }
    return data;
}

std::unique_ptr<Tokenizer> load_stored(const StoredTokenizer& stored) {
    return load_tokenizer(stored.kind, stored.bytes);
}

double share(int64_t part, int64_t whole) {
    return static_cast<double>(part) / static_cast<double>(std::max<int64_t>(1, whole));
}

DataFingerprints fingerprints_of(const TextData& data) {
    return {fingerprint(data.train), fingerprint(data.validation), fingerprint(data.test)};
}

SharedFacts facts_of_texts(const Recipe& recipe, const TextData& data, const SharedFacts& known) {
    const DataFingerprints prints = fingerprints_of(data);
    if (known) {
        if (known->class_names != data.class_names()) {
            throw UserError("the training was begun with other classes than those of " + data.origin +
                            ": start a new run without --resume");
        }
        check_unchanged(*known, prints, data.origin);
        return known;
    }
    const auto& options = recipe.options<TextDataOptions>("data");
    const auto tokenizer = train_tokenizer(recipe.options<TokenizerOptions>("tokenizer"), data.train.texts());
    auto facts = std::make_shared<TextDataFacts>();
    facts->name = data.name;
    facts->class_names = data.class_names();
    facts->fingerprints = prints;
    facts->vocabulary = tokenizer->vocabulary_size();
    facts->max_tokens = options.length;
    facts->truncate = options.truncate;
    facts->several_labels = data.several_labels();
    facts->special_tokens = options.special_tokens;
    facts->tokenizer = {tokenizer->kind(), tokenizer->serialized()};
    return facts;
}

EncodedSplit encode_split(const TextSplit& split, const Tokenizer& tokenizer, const EncodeOptions& options,
                          EncodeReport& report) {
    EncodedSplit encoded;
    encoded.texts = encode_texts(tokenizer, split.texts(), options, report);
    for (int64_t place = 0; place < split.size(); ++place) encoded.labels.add(split.labels(place));
    return encoded;
}

}  // namespace

TextWorkload::TextWorkload(const Recipe& recipe, Context& context, const SharedFacts& known)
    : recipe_(recipe),
      context_(context),
      data_(open_texts(recipe)),
      facts_(facts_of_texts(recipe, data_, known)),
      tokenizer_(load_stored(text_facts().tokenizer)),
      own_model_(make_text_model(recipe, text_facts().geometry())),
      model_(*own_model_),
      loss_(training_loss()),
      task_(context_, model_, encode(), loss_) {}

TextWorkload::TextWorkload(TrainedModel& trained, Context& context)
    : recipe_(trained.recipe),
      context_(context),
      data_(open_texts_for(trained)),
      facts_(trained.facts),
      tokenizer_(load_stored(text_facts().tokenizer)),
      model_(trained.model_as<TextClassifier>()),
      loss_{.several_labels = text_facts().several_labels},
      task_(context_, model_, encode(), loss_) {}

std::vector<std::string> TextWorkload::changed_data() const {
    return facts_->fingerprints.changed(fingerprints_of(data_));
}

std::optional<OtherTest> TextWorkload::other_test() const {
    if (!names_other_test(recipe_) || own_model_) return std::nullopt;
    return OtherTest{data_.origin, data_.remarks};
}

LabelLossOptions TextWorkload::training_loss() const {
    const bool several = data_.several_labels();
    return placed(recipe_, [&]() -> LabelLossOptions {
        return {several, recipe_.options<TrainOptions>("train").label_smoothing,
                class_weights(recipe_.options<ClassWeightOptions>("train.classes"),
                              {data_.class_names(), class_counts(data_.train), data_.train.size(), several})};
    });
}

const TextDataFacts& TextWorkload::text_facts() const {
    return facts_as<TextDataFacts>(*facts_);
}

EncodedTextData TextWorkload::encode() {
    const EncodeOptions options = text_facts().encode_options();
    EncodedTextData encoded;
    EncodeReport others;
    encoded.train = encode_split(data_.train, *tokenizer_, options, encoded_);
    encoded.validation = encode_split(data_.validation, *tokenizer_, options, others);
    encoded.test = encode_split(data_.test, *tokenizer_, options, others);
    encoded.classes = static_cast<int64_t>(facts_->class_names.size());
    encoded.pad = tokenizer_->special().pad;
    return encoded;
}

int64_t TextWorkload::most_tokens() const {
    const TextTransformerShape shape = model_.shape();
    return shape.attended(shape.max_tokens);
}

int64_t TextWorkload::attention_weights() const {
    return model_.shape().heads * most_tokens() * most_tokens();
}

std::vector<std::string> TextWorkload::description() {
    const TextDataFacts& input = text_facts();
    std::vector<std::string> lines = {
        fmt::format("{}: {} training, {} validation, {} test texts of {} classes{}", data_.name, data_.train.size(),
                    data_.validation.size(), data_.test.size(), facts_->class_names.size(),
                    input.several_labels ? ", any number a text" : ""),
        fmt::format("{} tokenizer: {} tokens, {} of the training texts unknown; a text has {:.0f} on average",
                    input.tokenizer.kind, input.vocabulary, percent_text(share(encoded_.unknown, encoded_.tokens), 2),
                    share(encoded_.tokens, encoded_.texts)),
        fmt::format("{} of the training texts are longer than {} tokens and keep their {}; {} are empty",
                    percent_text(share(encoded_.cut, encoded_.texts), 1), input.max_tokens, input.truncate,
                    encoded_.empty),
        fmt::format("{} with {} attention: {} parameters", recipe_.section("model").choice(), attention_text(recipe_),
                    model_.parameter_count())};
    for (const std::string& remark :
         {vocabulary_remark(recipe_.options<TokenizerOptions>("tokenizer"), input.vocabulary),
          class_weights_line(loss_.class_weights, facts_->class_names),
          unseen_classes_line(data_.class_names(), class_counts(data_.train), "text"),
          attention_remark(model_, most_tokens())}) {
        if (!remark.empty()) lines.push_back(remark);
    }
    lines.insert(lines.end(), data_.remarks.begin(), data_.remarks.end());
    return lines;
}

void TextWorkload::add_to_report(ReportInput& input, const Evaluation& test) {
    const TextDataFacts& facts = text_facts();
    input.facts = {{"Data", data_.name},
                   {"Texts", fmt::format("{} training, {} validation, {} test", group_digits(data_.train.size()),
                                         group_digits(data_.validation.size()), group_digits(data_.test.size()))},
                   {"Tokenizer", fmt::format("{}, {} tokens", facts.tokenizer.kind, group_digits(facts.vocabulary))},
                   {"Longest text", fmt::format("{} tokens", facts.max_tokens)}};
    add_text_sections(input, data_, test, important_words(task_, *tokenizer_, test));
}

}  // namespace heed
