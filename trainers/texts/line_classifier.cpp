#include "heed/trainers/texts/line_classifier.h"

#include <fmt/core.h>

#include "heed/core/error.h"
#include "heed/datasets/text/encoded_texts.h"
#include "heed/trainers/loop/finite.h"

namespace heed {

LineClassifier::LineClassifier(SavedModel& saved)
    : saved_(saved),
      facts_(facts_as<TextDataFacts>(*saved.trained.facts)),
      tokenizer_(load_tokenizer(facts_.tokenizer.kind, facts_.tokenizer.bytes)) {}

Variable LineClassifier::logits(std::span<const InputLine> lines) const {
    return run(&TextClassifier::forward, lines);
}

Variable LineClassifier::features(std::span<const InputLine> lines) const {
    return run(&TextClassifier::features, lines);
}

std::vector<int32_t> LineClassifier::ids(const InputLine& line) const {
    EncodeReport report;
    std::vector<int32_t> ids = encode_text(*tokenizer_, line.text, facts_.encode_options(), report);
    if (report.cut > 0) {
        fmt::print(stderr, "heed: {}: {} tokens, but the model reads {}{}: its {} is kept\n", line.place, report.tokens,
                   facts_.max_tokens, facts_.special_tokens ? " with the two special ones" : "", facts_.truncate);
    }
    return ids;
}

Variable LineClassifier::run(Pass pass, std::span<const InputLine> lines) const {
    const NoGradient guard(*saved_.context);
    EncodedTexts encoded;
    std::vector<int64_t> places;
    for (const InputLine& line : lines) {
        places.push_back(encoded.size());
        encoded.add(ids(line));
    }
    TokenMatrix matrix;
    fill_tokens(matrix, encoded, places, tokenizer_->special().pad);
    const Shape shape = {matrix.rows, matrix.columns};
    const Tensor ids = Tensor::from_host(*saved_.context, shape, std::span<const int32_t>(matrix.ids));
    const Tensor lengths = Tensor::from_host(*saved_.context, {matrix.rows}, std::span<const int32_t>(matrix.lengths));
    Variable result = (saved_.trained.model_as<TextClassifier>().*pass)(ids, lengths, {});
    if (!all_finite(result.value())) throw Error("the model gives numbers that are not finite");
    return result;
}

}  // namespace heed
