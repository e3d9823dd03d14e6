#include "heed/trainers/conversion/layer_recorder.h"

#include <algorithm>

namespace heed {

void LayerRecorder::attention_input(const std::string& layer, const AttentionTokens& tokens) {
    if (std::find(layers_.begin(), layers_.end(), layer) == layers_.end()) return;
    AttentionInput input{Variable(tokens.query), {}, {tokens.key_lengths, tokens.query_lengths}};
    if (tokens.source.defined()) input.source = Variable(tokens.source);
    inputs_[layer].push_back(std::move(input));
    streams_[layer].push_back(tokens.stream);
}

int64_t LayerRecorder::tokens(const std::string& layer) const {
    const auto found = inputs_.find(layer);
    if (found == inputs_.end()) return 0;
    int64_t sum = 0;
    for (const AttentionInput& input : found->second) sum += input.query.shape()[0] * input.query.shape()[1];
    return sum;
}

}  // namespace heed
