#pragma once

#include <cstdint>

namespace heed {

/// Tokens as a model sees an image: rows and columns of patches, and whether a class token stands in front of them.
struct PatchGrid {
    int64_t rows = 0, columns = 0;
    bool class_token = false;

    int64_t tokens() const { return rows * columns + (class_token ? 1 : 0); }
    bool operator==(const PatchGrid&) const = default;
};

}  // namespace heed
