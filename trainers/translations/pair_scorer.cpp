#include "heed/trainers/translations/pair_scorer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "heed/core/error.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/answers/scored_lines.h"
#include "heed/trainers/decoding/log_probabilities.h"
#include "heed/trainers/translations/translation_decoder.h"
#include "heed/trainers/translations/translation_task.h"

namespace heed {

namespace {

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

    PairScorer(SavedModel& saved, const ScoreRequest& request)
        : saved_(saved),
          request_(request),
          facts_(facts_as<TranslationDataFacts>(*saved.trained.facts)),
          tokenizers_(facts_) {}

    EncodedPair read(const SplitLine& line) const {
        return {line, encode(*tokenizers_.source, line.first, facts_.source_encode_options(), line.place),
                encode(*tokenizers_.target, line.second, facts_.target_encode_options(), line.place)};
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
        const Variable logits = translation_logits(*saved_.context, saved_.trained.model_as<Translator>(), batch, {});
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
        if (!request_.json) {
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
    const ScoreRequest& request_;
    const TranslationDataFacts& facts_;
    TranslationTokenizers tokenizers_;
};

}  // namespace

void score_pairs(SavedModel& saved, const ScoreRequest& request) {
    constexpr int64_t most_pairs = 32, tokens_at_a_time = 16384;
    const int64_t longest = saved.trained.model_as<Translator>().shape().max_source_tokens;
    const int64_t pairs_at_once = std::clamp<int64_t>(tokens_at_a_time / longest, 1, most_pairs);
    score_lines(PairScorer(saved, request), request, static_cast<size_t>(pairs_at_once));
}

}  // namespace heed
