#include "heed/trainers/translations/translation_decoder.h"

#include <algorithm>
#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/text/token_batches.h"
#include "heed/datasets/text/tokenizers/utf8.h"
#include "heed/trainers/decoding/beam_search.h"
#include "heed/trainers/ranks/shared_measuring.h"
#include "heed/trainers/translations/translator_steps.h"

namespace heed {

namespace {

TokenEpoch batches_of(const EncodedTexts& sources) {
    constexpr int64_t sentences_at_a_time = 64, tokens_at_a_time = 16384;
    std::vector<int32_t> lengths = sources.lengths();
    TokenBatchPlan plan;
    plan.texts = sentences_at_a_time;
    plan.tokens = std::max<int64_t>(tokens_at_a_time, *std::max_element(lengths.begin(), lengths.end()));
    plan.shuffle = false;
    return TokenBatches(plan, std::move(lengths)).epoch(0);
}

}  // namespace

TranslationTokenizers::TranslationTokenizers(const TranslationDataFacts& facts)
    : source(load_tokenizer(facts.source_tokenizer.kind, facts.source_tokenizer.bytes)),
      target(facts.joint ? load_tokenizer(facts.source_tokenizer.kind, facts.source_tokenizer.bytes)
                         : load_tokenizer(facts.target_tokenizer.kind, facts.target_tokenizer.bytes)) {
    const auto check = [](const char* side, int64_t known, int64_t expected) {
        if (known == expected) return;
        throw UserError("the " + std::string(side) + " tokenizer has " + std::to_string(known) +
                        " tokens, but the model was trained with " + std::to_string(expected));
    };
    check("source", source->vocabulary_size(), facts.source_vocabulary);
    check("target", target->vocabulary_size(), facts.target_vocabulary);
}

TranslationDecoder::TranslationDecoder(Context& context, Translator& model, const TranslationTokenizers& tokenizers,
                                       const BeamSearchOptions& options)
    : context_(context), model_(model), tokenizers_(tokenizers), options_(options) {
    options_.max_length = std::max<int64_t>(1, std::min(options.max_length, model.shape().max_target_tokens - 1));
    options_.min_length = std::min(options_.min_length, options_.max_length);
}

std::vector<std::vector<TranslationText>> TranslationDecoder::translate(const EncodedTexts& sources) {
    std::vector<std::vector<TranslationText>> results(static_cast<size_t>(sources.size()));
    if (results.empty()) return results;
    const TokenEpoch epoch = batches_of(sources);
    for (int64_t i = 0; i < epoch.batches(); ++i) {
        const std::span<const int64_t> places = epoch.batch(i);
        std::vector<std::vector<TranslationText>> translations = translate_batch(sources, places);
        for (size_t row = 0; row < places.size(); ++row) {
            results[static_cast<size_t>(places[row])] = std::move(translations[row]);
        }
    }
    return results;
}

std::vector<std::string> TranslationDecoder::translate_shared(const EncodedTexts& sources, Communicator& ranks) {
    std::vector<std::string> results(static_cast<size_t>(sources.size()));
    if (results.empty()) return results;
    const TokenEpoch epoch = batches_of(sources);
    const auto measure = [&](int64_t batch, Packer& packed) {
        const std::span<const int64_t> places = epoch.batch(batch);
        const std::vector<std::vector<TranslationText>> translations = translate_batch(sources, places);
        packed.add_all(places);
        for (const std::vector<TranslationText>& best : translations) {
            packed.add_all(std::span<const char>(best.front().text));
        }
    };
    measure_shared(ranks, epoch.batches(), measure, [&](Unpacker& packed) {
        for (const int64_t place : packed.take_all<int64_t>()) {
            const std::vector<char> text = packed.take_all<char>();
            results[static_cast<size_t>(place)].assign(text.begin(), text.end());
        }
    });
    return results;
}

std::vector<std::vector<TranslationText>> TranslationDecoder::translate_batch(const EncodedTexts& sources,
                                                                              std::span<const int64_t> places) {
    const NoGradient guard(context_);
    TokenMatrix matrix;
    fill_tokens(matrix, sources, places, tokenizers_.source->special().pad);
    const Shape shape = {matrix.rows, matrix.columns};
    const Tensor ids = Tensor::from_host(context_, shape, std::span<const int32_t>(matrix.ids));
    const Tensor lengths = Tensor::from_host(context_, {matrix.rows}, std::span<const int32_t>(matrix.lengths));
    // Without the end token, which has no translation of its own.
    std::vector<int64_t> source_lengths;
    for (const int32_t length : matrix.lengths) source_lengths.push_back(length - 1);
    const int64_t longest = options_.longest(*std::max_element(source_lengths.begin(), source_lengths.end()));
    TranslatorSteps steps(model_, model_.encode(ids, lengths, {}).value(), lengths,
                          tokenizers_.target->vocabulary_size(), longest + 1);
    std::vector<std::vector<TranslationText>> results;
    for (const auto& best : beam_search(steps, source_lengths, options_, tokenizers_.target->special())) {
        std::vector<TranslationText>& texts = results.emplace_back();
        for (const Hypothesis& hypothesis : best) {
            // Tokens may be bytes, and these line ends or what else would upset a terminal.
            texts.push_back({on_one_line(tokenizers_.target->decode(hypothesis.tokens)), hypothesis.log_probability,
                             hypothesis.score, hypothesis.tokens});
        }
    }
    return results;
}

}  // namespace heed
