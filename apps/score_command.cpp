#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

#include "heed/apps/commands.h"
#include "heed/apps/support/class_output.h"
#include "heed/apps/support/input_lines.h"
#include "heed/apps/support/line_classifier.h"
#include "heed/apps/support/saved_model.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/classification/class_probabilities.h"
#include "heed/trainers/decoding/log_probabilities.h"
#include "heed/trainers/translations/translation_decoder.h"
#include "heed/trainers/translations/translation_task.h"

namespace heed {
namespace {

constexpr size_t lines_at_once = 32;

/// The two parts of a line with one tab.
struct SplitLine {
    std::string first, second, place;
};

SplitLine split_at_tab(const InputLine& line, const char* expected) {
    const size_t tab = line.text.find('\t');
    if (tab == std::string::npos || line.text.find('\t', tab + 1) != std::string::npos) {
        throw UserError(fmt::format("{}: expected {}, parted by one tab, got {} tabs", line.place, expected,
                                    tab == std::string::npos ? "no" : "more"));
    }
    return {line.text.substr(0, tab), line.text.substr(tab + 1), line.place};
}

/// A pair as a line has it and as tokens.
struct EncodedPair {
    SplitLine line;
    std::vector<int32_t> source, target;
};

/// Log-probabilities of the tokens of given translations.
class PairScorer {
public:
    using Item = EncodedPair;
    static constexpr const char* expected = "a source and its translation";

    PairScorer(SavedModel& saved, const ScoreCommand& command)
        : saved_(saved), command_(command), input_(saved.trained.facts.translation_input()), tokenizers_(input_) {}

    EncodedPair read(const SplitLine& line) const {
        return {line, encode(*tokenizers_.source, line.first, source_encode_options(input_), line.place),
                encode(*tokenizers_.target, line.second, target_encode_options(input_), line.place)};
    }

    void answer(const std::vector<EncodedPair>& lines) const {
        const NoGradient guard(*saved_.context);
        EncodedTranslations pairs;
        std::vector<int64_t> places(lines.size());
        std::iota(places.begin(), places.end(), int64_t{0});
        for (const EncodedPair& pair : lines) {
            pairs.sources.add(pair.source);
            pairs.targets.add(pair.target);
        }
        const PairBatch batch =
            pair_batch(pairs, places, tokenizers_.source->special().pad, tokenizers_.target->special().pad);
        const Variable logits = translation_logits(*saved_.context, *saved_.trained.model.translations, batch, {});
        const std::vector<float> values = log_probabilities(logits.value());
        for (size_t row = 0; row < lines.size(); ++row) {
            std::vector<double> tokens;
            std::vector<int32_t> ids;
            for (int64_t t = 0; t < batch.outputs.lengths[row]; ++t) {
                const size_t place = row * static_cast<size_t>(batch.outputs.columns) + static_cast<size_t>(t);
                ids.push_back(batch.outputs.ids[place]);
                tokens.push_back(
                    values[place * static_cast<size_t>(logits.shape()[1]) + static_cast<size_t>(ids.back())]);
                if (!std::isfinite(tokens.back())) throw Error("the model gives numbers that are not finite");
            }
            print(lines[row].line, ids, tokens);
        }
    }

private:
    std::vector<int32_t> encode(const Tokenizer& tokenizer, const std::string& text, const EncodeOptions& options,
                                const std::string& place) const {
        EncodeReport report;
        const std::vector<int32_t> ids = encode_text(tokenizer, text, options, report);
        if (report.cut > 0) {
            throw UserError(fmt::format("{}: expected at most {} tokens, got {} in {}", place,
                                        options.length - (options.begin ? 1 : 0) - 1, report.tokens,
                                        options.begin ? "the translation" : "the source"));
        }
        if (report.empty > 0) throw UserError(place + ": expected a source and a translation, found nothing in one");
        return ids;
    }

    void print(const SplitLine& line, const std::vector<int32_t>& ids, const std::vector<double>& tokens) const {
        const double sum = std::accumulate(tokens.begin(), tokens.end(), 0.0);
        const double per_token = sum / static_cast<double>(tokens.size());
        if (!command_.json) {
            fmt::print("{:.4f}\t{:.4f}\t{}\t{}\n", sum, per_token, line.first, line.second);
            return;
        }
        nlohmann::ordered_json json;
        json["source"] = line.first;
        json["target"] = line.second;
        json["log_probability"] = sum;
        json["per_token"] = per_token;
        json["tokens"] = nlohmann::ordered_json::array();
        for (size_t i = 0; i < ids.size(); ++i) {
            json["tokens"].push_back({{"token", tokenizers_.target->token(ids[i])}, {"log_probability", tokens[i]}});
        }
        print_json_line(json);
    }

    SavedModel& saved_;
    const ScoreCommand& command_;
    const TranslationInput& input_;
    TranslationTokenizers tokenizers_;
};

/// A class and a text.
struct LabelledLine {
    std::string label;
    InputLine text;
    size_t index = 0;  ///< of the class
};

/// Log-probabilities of given classes of texts.
class ClassScorer {
public:
    using Item = LabelledLine;
    static constexpr const char* expected = "a class and a text";

    ClassScorer(SavedModel& saved, const ScoreCommand& command) : classifier_(saved), command_(command) {}

    LabelledLine read(const SplitLine& line) const {
        const std::vector<std::string>& names = classifier_.classes();
        const auto found = std::find(names.begin(), names.end(), line.first);
        if (found == names.end()) {
            throw UserError(fmt::format("{}: there is no class {}{}; there are {}", line.place, quote(line.first),
                                        did_you_mean(line.first, names), listed(names)));
        }
        return {line.first, {line.second, line.place}, static_cast<size_t>(found - names.begin())};
    }

    void answer(const std::vector<LabelledLine>& lines) const {
        std::vector<InputLine> texts;
        for (const LabelledLine& line : lines) texts.push_back(line.text);
        const std::vector<float> values =
            class_log_probabilities(classifier_.logits(texts), classifier_.several_labels());
        for (size_t row = 0; row < lines.size(); ++row) {
            print(lines[row], values[row * classifier_.classes().size() + lines[row].index]);
        }
    }

private:
    void print(const LabelledLine& line, float value) const {
        if (!command_.json) {
            fmt::print("{:.4f}\t{}\t{}\n", value, line.label, line.text.text);
            return;
        }
        nlohmann::ordered_json json;
        json["class"] = line.label;
        json["text"] = line.text.text;
        json["log_probability"] = value;
        print_json_line(json);
    }

    LineClassifier classifier_;
    const ScoreCommand& command_;
};

/// Scores all lines up to the first that is none.
template <class Scorer>
void score_lines(const Scorer& scorer, const ScoreCommand& command) {
    answer_lines(command.files, lines_at_once, [&](const std::vector<InputLine>& lines) {
        std::vector<typename Scorer::Item> items;
        std::string refusal;
        for (const InputLine& line : lines) {
            try {
                items.push_back(scorer.read(split_at_tab(line, Scorer::expected)));
            } catch (const UserError& error) {
                refusal = error.what();
                break;
            }
        }
        if (!items.empty()) scorer.answer(items);
        std::fflush(stdout);
        if (!refusal.empty()) throw UserError(refusal);
    });
}

}  // namespace

int run(const ScoreCommand& command) {
    SavedModel saved = load_saved_model(command.target, {});
    if (saved.trained.model.translations) {
        score_lines(PairScorer(saved, command), command);
    } else if (saved.trained.model.texts) {
        score_lines(ClassScorer(saved, command), command);
    } else {
        throw UserError("heed score expects a model of texts, but " + command.target + " holds a model of the type " +
                        saved.trained.recipe.section("model").choice());
    }
    return 0;
}

}  // namespace heed
