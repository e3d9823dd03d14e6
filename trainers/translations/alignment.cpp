#include "heed/trainers/translations/alignment.h"

#include "heed/core/error.h"
#include "heed/core/forward_observer.h"
#include "heed/trainers/translations/translation_task.h"

namespace heed {

namespace {

/// Takes the weights of the cross-attention, layer by layer.
class CrossReader final : public ForwardObserver {
public:
    explicit CrossReader(Alignment& alignment) : alignment_(alignment) {}

    void hidden(int64_t, const Tensor&) override {}
    bool wants_attention(AttentionPlace place) const override { return place == AttentionPlace::cross; }
    void attention(AttentionPlace, int64_t, const Tensor& weights) override {
        const auto matrix = static_cast<size_t>(weights.shape()[2] * weights.shape()[3]);
        const std::vector<float> values = weights.to_vector();
        alignment_.heads = weights.shape()[1];
        ++alignment_.layers;
        for (size_t first = 0; first < values.size(); first += matrix) {
            const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
            alignment_.weights.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(matrix));
        }
    }

private:
    Alignment& alignment_;
};

}  // namespace

std::vector<float> Alignment::layer_mean(int64_t layer) const {
    std::vector<float> mean(source_tokens.size() * target_tokens.size(), 0.0F);
    for (int64_t head = 0; head < heads; ++head) {
        const std::vector<float>& own = weights.at(static_cast<size_t>(layer * heads + head));
        for (size_t i = 0; i < mean.size(); ++i) mean[i] += own[i] / static_cast<float>(heads);
    }
    return mean;
}

Alignment align_translation(Context& context, Translator& model, const TranslationTokenizers& tokenizers,
                            std::span<const int32_t> source, const TranslationText& translation,
                            const std::string& source_text) {
    const SpecialTokens special = tokenizers.target->special();
    std::vector<int32_t> target = {special.begin};
    target.insert(target.end(), translation.ids.begin(), translation.ids.end());
    target.push_back(special.end);
    EncodedTranslations pair;
    pair.sources.add(source);
    pair.targets.add(target);

    Alignment alignment;
    alignment.source = source_text;
    alignment.translation = translation.text;
    for (const int32_t id : source) alignment.source_tokens.push_back(tokenizers.source->token(id));
    for (size_t t = 1; t < target.size(); ++t) alignment.target_tokens.push_back(tokenizers.target->token(target[t]));
    CrossReader reader(alignment);
    ForwardState state;
    state.observer = &reader;
    const NoGradient guard(context);
    const std::vector<int64_t> place = {0};
    translation_logits(context, model, pair_batch(pair, place, tokenizers.source->special().pad, special.pad), state);
    return alignment;
}

}  // namespace heed
