#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/attention/registry.h"

namespace heed {

/// The attention of a stack of layers: one choice for all, and others for some of them.
struct StackAttention {
    /// Layers `first` to `last`, counted from 0.
    struct Range {
        int64_t first = 0;
        int64_t last = 0;
        AttentionChoice choice;
        std::string key;  ///< of the recipe that says so
    };

    StackAttention() = default;
    StackAttention(const AttentionChoice& choice) : all(choice) {}
    StackAttention(const AttentionType* type, const AttentionOptions* options) : all{type, options} {}

    AttentionChoice all;
    std::vector<Range> ranges;  ///< the first that holds a layer counts

    const AttentionChoice& of(int64_t layer) const;
    /// Throws UserError, naming the key, where a range goes beyond a stack of that many layers; `stack` is what it is
    /// called ("encoder").
    void check_depth(int64_t depth, const std::string& stack) const;
};

}  // namespace heed
