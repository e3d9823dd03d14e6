#pragma once

#include "heed/attention/attention.h"
#include "heed/core/forward_observer.h"
#include "heed/core/forward_state.h"

namespace heed {

/// What the layer makes of the input; before, the observer of the pass, if there is one, is shown what it wants of it.
/// `stream` is what the result is added to.
Variable observed_attention(Attention& layer, AttentionPlace place, int64_t block, const AttentionInput& input,
                            const Variable& stream, const ForwardState& state);

}  // namespace heed
