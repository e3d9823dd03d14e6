#include "heed/apps/support/line_classifier.h"

#include <fmt/core.h>

#include "heed/core/error.h"
#include "heed/datasets/text/encoded_texts.h"
#include "heed/trainers/loop/finite.h"
#include "heed/trainers/texts/text_workload.h"

namespace heed {

LineClassifier::LineClassifier(SavedModel& saved) : saved_(saved) {
    const StoredTokenizer& stored = saved.trained.facts.text_input().tokenizer;
    tokenizer_ = load_tokenizer(stored.kind, stored.bytes);
}

Variable LineClassifier::logits(std::span<const InputLine> lines) const {
    const NoGradient guard(*saved_.context);
    EncodedTexts encoded;
    std::vector<int64_t> places;
    const TextInput& input = saved_.trained.facts.text_input();
    for (const InputLine& line : lines) {
        EncodeReport report;
        places.push_back(encoded.size());
        encoded.add(encode_text(*tokenizer_, line.text, encode_options(input), report));
        if (report.cut == 0) continue;
        fmt::print(stderr, "heed: {}: {} tokens, but the model reads {}: its {} is kept\n", line.place, report.tokens,
                   input.max_tokens, input.truncate);
    }
    TokenMatrix matrix;
    fill_tokens(matrix, encoded, places, tokenizer_->special().pad);
    const Shape shape = {matrix.rows, matrix.columns};
    const Tensor ids = Tensor::from_host(*saved_.context, shape, std::span<const int32_t>(matrix.ids));
    const Tensor lengths = Tensor::from_host(*saved_.context, {matrix.rows}, std::span<const int32_t>(matrix.lengths));
    Variable logits = saved_.trained.model.texts->forward(ids, lengths, {});
    if (!all_finite(logits.value())) throw Error("the model gives numbers that are not finite");
    return logits;
}

}  // namespace heed
