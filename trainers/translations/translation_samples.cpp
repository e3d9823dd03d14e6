#include "heed/trainers/translations/translation_samples.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/ops/shapes/copy_rows.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/datasets/text/sets/text_pairs.h"
#include "heed/trainers/answers/input_lines.h"
#include "heed/trainers/answers/scored_lines.h"
#include "heed/trainers/answers/table_files.h"
#include "heed/trainers/explanation/model_sample.h"
#include "heed/trainers/translations/translation_decoder.h"
#include "heed/trainers/translations/translation_workload.h"

namespace heed {

namespace {

/// A source and its translation.
struct Pair {
    std::string place, source_text, target_text;
    std::vector<int32_t> source;  ///< with the end
    std::vector<int32_t> target;  ///< with begin and end
    bool given = false;
};

/// One token of a translation, after the tokens that stand before it in the translation (teacher forcing).
class TranslationSample final : public ModelSample {
public:
    TranslationSample(SavedModel& saved, ExplainedInput input, const Pair& pair,
                      std::shared_ptr<const TranslationTokenizers> tokenizers)
        : ModelSample(saved, input,
                      {.several = false, .explained = pair.target[static_cast<size_t>(input.target->position) + 1]}),
          source_(pair.source),
          before_(pair.target.begin(), pair.target.begin() + input.target->position + 1),
          tokenizers_(std::move(tokenizers)) {}

private:
    Variable whole(const ForwardState& state) override {
        const Tensor lengths = lengths_of(1, std::ssize(source_));
        const Variable encoded = model().encode(matrix(source_, 1), lengths, state);
        const Variable logits = model().decode(matrix(before_, 1), lengths_of(1, targets()), encoded, lengths, state);
        return reshape(logits, {targets(), logits.shape()[2]});
    }

    Variable parts(const TokenParts& parts) override {
        const int64_t rows = parts.lengths.shape()[0];
        return last_tokens(
            model().forward_parts(matrix(source_, 1), parts, repeated_targets(rows), lengths_of(rows, targets()), {}));
    }

    Variable replaced(std::span<const std::vector<uint8_t>> kept) override {
        const int32_t unknown = tokenizers_->source->special().unknown;
        std::vector<int32_t> ids;
        for (const std::vector<uint8_t>& mask : kept) {
            for (size_t t = 0; t < source_.size(); ++t) ids.push_back(mask[t] != 0 ? source_[t] : unknown);
        }
        const int64_t rows = std::ssize(kept);
        const Tensor lengths = lengths_of(rows, std::ssize(source_));
        const Variable encoded = model().encode(matrix(ids, rows), lengths, {});
        return last_tokens(model().decode(repeated_targets(rows), lengths_of(rows, targets()), encoded, lengths, {}));
    }

    std::string label(int64_t index) const override { return tokenizers_->target->token(static_cast<int32_t>(index)); }

    /// Logits of the whole vocabulary are made for each token of the translation.
    int64_t variants_at_once(int64_t units) const override {
        constexpr int64_t logits_at_a_time = 1 << 25;
        return std::min(ModelSample::variants_at_once(units + targets()),
                        std::max<int64_t>(1, logits_at_a_time / (targets() * model().shape().target_vocabulary)));
    }

    Translator& model() const { return saved().trained.model_as<Translator>(); }
    int64_t targets() const { return std::ssize(before_); }

    Tensor matrix(const std::vector<int32_t>& ids, int64_t rows) const {
        return Tensor::from_host(context(), {rows, std::ssize(ids) / rows}, std::span<const int32_t>(ids));
    }
    Tensor lengths_of(int64_t rows, int64_t tokens) const {
        const std::vector<int32_t> lengths(static_cast<size_t>(rows), static_cast<int32_t>(tokens));
        return Tensor::from_host(context(), {rows}, std::span<const int32_t>(lengths));
    }
    Tensor repeated_targets(int64_t rows) const {
        std::vector<int32_t> ids;
        for (int64_t row = 0; row < rows; ++row) ids.insert(ids.end(), before_.begin(), before_.end());
        return matrix(ids, rows);
    }
    /// Of logits [rows, target tokens, vocabulary], those of the last token of each row.
    Variable last_tokens(const Variable& logits) const {
        const int64_t rows = logits.shape()[0], classes = logits.shape()[2];
        std::vector<int32_t> index;
        for (int64_t row = 1; row <= rows; ++row) index.push_back(static_cast<int32_t>(row * targets() - 1));
        return Variable(gather_rows(logits.value().reshape({rows * targets(), classes}),
                                    Tensor::from_host(context(), {rows}, std::span<const int32_t>(index))));
    }

    std::vector<int32_t> source_, before_;
    std::shared_ptr<const TranslationTokenizers> tokenizers_;
};

/// Makes samples out of pairs.
class TranslationSamples {
public:
    TranslationSamples(SavedModel& saved, const SampleRequest& request, const TakeSample& take)
        : saved_(saved),
          request_(request),
          take_(take),
          facts_(facts_as<TranslationDataFacts>(*saved.trained.facts)),
          tokenizers_(std::make_shared<TranslationTokenizers>(facts_)),
          decoder_(*saved.context, saved.trained.model_as<Translator>(), *tokenizers_,
                   saved.trained.recipe.options<BeamSearchOptions>("decoding")) {}

    void add_lines(const std::vector<InputLine>& lines) {
        std::vector<Pair> pairs;
        for (const InputLine& line : lines) {
            if (!is_asked_for()) continue;
            if (std::optional<Pair> pair = read(line)) pairs.push_back(std::move(*pair));
        }
        translate(pairs);
        for (const Pair& pair : pairs) make(pair);
    }

    void add_split(const EncodedTranslations& split, const std::string& name) {
        for (const int64_t i : request_.samples_of_split(split.size())) {
            const std::span<const int32_t> source = split.sources.ids(i), target = split.targets.ids(i);
            make({fmt::format("{} split, sample {}", name, i),
                  tokenizers_->source->decode(source),
                  tokenizers_->target->decode(target),
                  {source.begin(), source.end()},
                  {target.begin(), target.end()},
                  true});
        }
    }

private:
    /// Whether a line is, in their order; counts.
    bool is_asked_for() { return request_.limit == 0 || number_++ < request_.limit; }

    std::optional<Pair> read(const InputLine& line) const {
        Pair pair{line.place, line.text, "", {}, {}, line.text.find('\t') != std::string::npos};
        if (pair.given) {
            SplitLine split = split_at_tab(line, "a source and its translation");
            pair.source_text = std::move(split.first);
            pair.target_text = std::move(split.second);
        }
        EncodeReport report;
        pair.source = encode_text(*tokenizers_->source, pair.source_text, facts_.source_encode_options(), report);
        if (report.empty > 0) {
            fmt::print(stderr, "heed: {}: there is no token to explain: passed over\n", line.place);
            return std::nullopt;
        }
        if (report.cut > 0) {
            fmt::print(stderr, "heed: {}: {} tokens, but the model reads {}: the rest is left out\n", line.place,
                       report.tokens, facts_.max_source_tokens - 1);
        }
        if (pair.given) {
            EncodeReport target;
            pair.target = encode_text(*tokenizers_->target, pair.target_text, facts_.target_encode_options(), target);
            if (target.cut > 0) {
                throw UserError(fmt::format("{}: expected at most {} tokens, got {} in the translation", line.place,
                                            facts_.max_target_tokens - 1, target.tokens));
            }
            if (target.empty > 0)
                throw UserError(line.place + ": expected a translation, found nothing behind the tab");
        }
        return pair;
    }

    /// Gives those their own translations that have none.
    void translate(std::vector<Pair>& pairs) {
        EncodedTexts sources;
        for (const Pair& pair : pairs) {
            if (!pair.given) sources.add(pair.source);
        }
        const std::vector<std::vector<TranslationText>> translations = decoder_.translate(sources);
        const SpecialTokens special = tokenizers_->target->special();
        size_t next = 0;
        for (Pair& pair : pairs) {
            if (pair.given) continue;
            const TranslationText& best = translations[next++].front();
            pair.target_text = best.text;
            pair.target = {special.begin};
            pair.target.insert(pair.target.end(), best.ids.begin(), best.ids.end());
            pair.target.push_back(special.end);
        }
    }

    void make(const Pair& pair) {
        const int64_t tokens = std::ssize(pair.target) - 1;
        if (request_.position > tokens) {
            fmt::print(stderr, "heed: {}: its translation has {} tokens, none at position {}: passed over\n",
                       pair.place, tokens, request_.position);
            return;
        }
        ExplainedInput input;
        input.place = pair.place;
        input.text = pair.source_text;
        for (const int32_t id : pair.source) {
            input.units.push_back({tokenizers_->source->token(id), false});
        }
        input.units.back().fixed = true;  // the end
        ExplainedTarget target{pair.target_text, {}, 0, pair.given};
        for (int64_t t = 1; t <= tokens; ++t) {
            target.tokens.push_back(tokenizers_->target->token(pair.target[static_cast<size_t>(t)]));
        }
        const int64_t first = std::max<int64_t>(0, request_.position - 1);
        const int64_t end = request_.position > 0 ? request_.position : tokens;
        for (target.position = first; target.position < end; ++target.position) {
            input.target = target;
            input.read_queries = {target.position};
            take_(std::make_unique<TranslationSample>(saved_, input, pair, tokenizers_));
        }
    }

    SavedModel& saved_;
    const SampleRequest& request_;
    const TakeSample& take_;
    const TranslationDataFacts& facts_;
    std::shared_ptr<const TranslationTokenizers> tokenizers_;
    TranslationDecoder decoder_;
    int64_t number_ = 0;
};

}  // namespace

void explain_translations(SavedModel& saved, const SampleRequest& request, const TakeSample& take) {
    TranslationSamples samples(saved, request, take);
    if (request.split) {
        TranslationWorkload workload(saved.trained, *saved.context);
        const auto& task = dynamic_cast<TranslationTask&>(workload.task());
        samples.add_split(split_of(task.data(), *request.split), split_name(*request.split));
        return;
    }
    refuse_table_settings(saved.trained.recipe, pair_column_settings(), "a source a line is explained here");
    constexpr size_t lines_at_once = 128;
    answer_lines(request.files, lines_at_once, [&](const std::vector<InputLine>& lines) { samples.add_lines(lines); });
}

}  // namespace heed
