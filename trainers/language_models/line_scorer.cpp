#include "heed/trainers/language_models/line_scorer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "heed/core/error.h"
#include "heed/datasets/text/plain/line_tokens.h"
#include "heed/datasets/text/plain/plain_text_options.h"
#include "heed/datasets/text/tokenizers/tokenizer.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/answers/scored_lines.h"
#include "heed/trainers/decoding/log_probabilities.h"
#include "heed/trainers/language_models/language_facts.h"
#include "heed/trainers/language_models/language_recipe_model.h"
#include "heed/trainers/language_models/language_task.h"

namespace heed {

namespace {

/// A line as it is and as tokens.
struct EncodedLine {
    std::string text;
    std::vector<int32_t> ids;
};

/// Log-probabilities of the tokens of texts.
class TextScorer {
public:
    using Item = EncodedLine;

    TextScorer(SavedModel& saved, const ScoreRequest& request)
        : saved_(saved),
          request_(request),
          model_(saved.trained.model_as<LanguageModel>()),
          options_(saved.trained.recipe.options<PlainTextOptions>("data")) {
        const auto& facts = facts_as<LanguageDataFacts>(*saved.trained.facts);
        tokenizer_ = load_tokenizer(facts.tokenizer.kind, facts.tokenizer.bytes);
    }

    EncodedLine read(const InputLine& line) const {
        EncodeReport report;
        EncodedLine item{line.text, encode_lines(*tokenizer_, line.text, report)};
        if (item.ids.size() < 2) {
            throw UserError(
                fmt::format("{}: expected a text of at least two tokens, as the first has no probability, "
                            "got {}",
                            line.place, item.ids.size()));
        }
        if (report.unknown > 0) {
            fmt::print(stderr, "heed: {}: of {} tokens {} unknown, and scored as any other unknown one is\n",
                       line.place, item.ids.size(),
                       report.unknown == 1 ? "1 is" : fmt::format("{} are", report.unknown));
        }
        return item;
    }

    void answer(const std::vector<EncodedLine>& lines) const {
        const NoGradient guard(*saved_.context);
        EncodedTexts texts;
        std::vector<std::vector<double>> values;
        for (const EncodedLine& line : lines) {
            texts.add(line.ids);
            values.emplace_back();
        }
        const TokenWindows windows(std::move(texts),
                                   {options_.evaluation_context(), options_.evaluation_stride(), true});
        constexpr int64_t tokens_at_a_time = 4096;
        const int64_t at_once = std::max<int64_t>(1, tokens_at_a_time / options_.evaluation_context());
        WindowBatch batch;
        for (int64_t first = 0; first < windows.size(); first += at_once) {
            std::vector<int64_t> places(static_cast<size_t>(std::min(at_once, windows.size() - first)));
            std::iota(places.begin(), places.end(), first);
            windows.fill(batch, places, tokenizer_->special().pad);
            add_values(windows, batch, places, values);
        }
        for (size_t i = 0; i < lines.size(); ++i) print(lines[i], values[i]);
    }

private:
    void add_values(const TokenWindows& windows, const WindowBatch& batch, const std::vector<int64_t>& places,
                    std::vector<std::vector<double>>& values) const {
        const Variable logits = language_logits(*saved_.context, model_, batch, {});
        const std::vector<float> all = log_probabilities(logits.value());
        const auto classes = static_cast<size_t>(logits.shape()[1]);
        const auto columns = static_cast<size_t>(batch.inputs.columns);
        for (size_t i = 0; i < batch.outputs.size(); ++i) {
            if (batch.outputs[i] < 0) continue;
            const double value = all[i * classes + static_cast<size_t>(batch.outputs[i])];
            if (!std::isfinite(value)) throw Error("the model gives numbers that are not finite");
            values[static_cast<size_t>(windows.document(places[i / columns]))].push_back(value);
        }
    }

    void print(const EncodedLine& line, const std::vector<double>& values) const {
        const double sum = std::accumulate(values.begin(), values.end(), 0.0);
        const double per_token = sum / static_cast<double>(values.size());
        if (!request_.json) {
            fmt::print("{:.4f}\t{:.4f}\t{}\n", sum, per_token, line.text);
            return;
        }
        nlohmann::ordered_json json;
        json["text"] = line.text;
        json["log_probability"] = sum;
        json["per_token"] = per_token;
        json["tokens"] = nlohmann::ordered_json::array();
        for (size_t i = 0; i < values.size(); ++i) {
            json["tokens"].push_back({{"token", tokenizer_->token(line.ids[i + 1])}, {"log_probability", values[i]}});
        }
        print_json_line(json);
    }

    SavedModel& saved_;
    const ScoreRequest& request_;
    LanguageModel& model_;
    const PlainTextOptions& options_;
    std::unique_ptr<Tokenizer> tokenizer_;
};

}  // namespace

void score_lines_of_text(SavedModel& saved, const ScoreRequest& request) {
    refuse_masked(saved.trained.recipe, "score");
    constexpr std::size_t lines_at_once = 32;
    const TextScorer scorer(saved, request);
    answer_items<TextScorer::Item>(
        request, lines_at_once, [&](const InputLine& line) { return scorer.read(line); },
        [&](const std::vector<EncodedLine>& lines) { scorer.answer(lines); });
}

}  // namespace heed
