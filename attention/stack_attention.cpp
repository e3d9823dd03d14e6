#include "heed/attention/stack_attention.h"

#include "heed/core/error.h"

namespace heed {

const AttentionChoice& StackAttention::of(int64_t layer) const {
    for (const Range& range : ranges) {
        if (range.first <= layer && layer <= range.last) return range.choice;
    }
    return all;
}

void StackAttention::check_depth(int64_t depth, const std::string& stack) const {
    for (const Range& range : ranges) {
        if (range.last < depth) continue;
        throw UserError("expected layers of the " + stack + ", 0 to " + std::to_string(depth - 1) + ", got " +
                        range.key);
    }
}

}  // namespace heed
