#include "heed/datasets/text/plain/token_windows.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "heed/core/error.h"

namespace heed {

TokenWindows::TokenWindows(EncodedTexts documents, const WindowPlan& plan) : documents_(std::move(documents)) {
    if (plan.context < 1 || plan.stride < 1 || plan.stride > plan.context) {
        throw Error(fmt::format("windows of {} tokens cannot begin every {} tokens", plan.context, plan.stride));
    }
    for (int64_t document = 0; document < documents_.size(); ++document) {
        const int64_t outputs = documents_.length(document) - 1;
        int64_t said = 0;  // outputs of the windows so far
        for (int64_t begin = 0; said < outputs; begin += plan.stride) {
            const int64_t length = std::min(plan.context, outputs);
            const int64_t first = std::min(begin, outputs - length);
            const int64_t uncounted = plan.count_once ? said - first : 0;
            windows_.push_back({document, first, static_cast<int32_t>(length), static_cast<int32_t>(uncounted)});
            said = first + length;
            counted_ += length - uncounted;
        }
    }
}

std::vector<int32_t> TokenWindows::lengths() const {
    std::vector<int32_t> lengths;
    lengths.reserve(windows_.size());
    for (const Window& window : windows_) lengths.push_back(window.length);
    return lengths;
}

void TokenWindows::fill(WindowBatch& batch, std::span<const int64_t> windows, int32_t pad,
                        int64_t least_columns) const {
    TokenMatrix& inputs = batch.inputs;
    inputs.rows = std::ssize(windows);
    inputs.columns = least_columns;
    inputs.lengths.clear();
    for (const int64_t window : windows) {
        inputs.lengths.push_back(windows_[static_cast<std::size_t>(window)].length);
        inputs.columns = std::max<int64_t>(inputs.columns, inputs.lengths.back());
    }
    inputs.ids.assign(static_cast<std::size_t>(inputs.rows * inputs.columns), pad);
    batch.outputs.assign(inputs.ids.size(), -1);
    batch.counted = 0;
    for (std::size_t row = 0; row < windows.size(); ++row) {
        const Window& window = windows_[static_cast<std::size_t>(windows[row])];
        const std::span<const int32_t> ids =
            documents_.ids(window.document).subspan(static_cast<std::size_t>(window.begin));
        const auto first = static_cast<std::ptrdiff_t>(row) * inputs.columns;
        std::copy_n(ids.begin(), window.length, inputs.ids.begin() + first);
        std::copy_n(ids.begin() + 1 + window.uncounted, window.length - window.uncounted,
                    batch.outputs.begin() + first + window.uncounted);
        batch.counted += window.length - window.uncounted;
    }
}

}  // namespace heed
