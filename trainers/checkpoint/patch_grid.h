#pragma once

#include <cstdint>

namespace heed {

/// Tokens as a model sees an image: rows and columns of patches, and whether a class token and, behind it, one for
/// distillation stand in front of them.
struct PatchGrid {
    int64_t rows = 0, columns = 0;
    bool class_token = false;
    bool distillation_token = false;

    int64_t tokens_in_front() const { return (class_token ? 1 : 0) + (distillation_token ? 1 : 0); }
    int64_t tokens() const { return rows * columns + tokens_in_front(); }
    bool operator==(const PatchGrid&) const = default;
};

}  // namespace heed
