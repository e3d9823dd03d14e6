#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heed/datasets/text/encoded_texts.h"

namespace heed {

/// How documents are cut into windows.
struct WindowPlan {
    int64_t context = 0;     ///< most tokens that a window reads
    int64_t stride = 0;      ///< tokens between the beginnings of two; from 1 to context
    bool count_once = true;  ///< a token that an earlier window has said does not count again
};

/// Some windows as a model reads them.
struct WindowBatch {
    TokenMatrix inputs;
    std::vector<int32_t> outputs;  ///< [rows, columns] by rows: the token behind each input; -1 where none counts
    int64_t counted = 0;           ///< outputs that count
};

/// Contiguous windows over documents of tokens. A window of n tokens reads n and has to say each of the n that follow
/// one place later. The last of a document is moved back so that it ends with it and is as long as others; only a
/// document of at most `context` tokens gives a shorter one, and one of less than two tokens none. The first token of a
/// document is never said.
class TokenWindows {
public:
    TokenWindows() = default;
    TokenWindows(EncodedTexts documents, const WindowPlan& plan);

    int64_t size() const { return static_cast<int64_t>(windows_.size()); }
    /// The document that a window is of.
    int64_t document(int64_t window) const { return windows_[static_cast<std::size_t>(window)].document; }
    /// Tokens that a window reads, and that each does.
    int32_t length(int64_t window) const { return windows_[static_cast<std::size_t>(window)].length; }
    std::vector<int32_t> lengths() const;
    /// Outputs that count, of all windows.
    int64_t counted() const { return counted_; }
    const EncodedTexts& documents() const { return documents_; }

    /// Fills `batch`, whose memory is used again, with these windows; it has at least `least_columns` columns.
    void fill(WindowBatch& batch, std::span<const int64_t> windows, int32_t pad, int64_t least_columns = 0) const;

private:
    struct Window {
        int64_t document = 0;
        int64_t begin = 0;
        int32_t length = 0;
        int32_t uncounted = 0;  // outputs at its beginning that do not count
    };

    EncodedTexts documents_;
    std::vector<Window> windows_;
    int64_t counted_ = 0;
};

}  // namespace heed
