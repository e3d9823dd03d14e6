#include "heed/trainers/metrics/common_subsequence.h"

#include <algorithm>
#include <utility>

namespace heed {

namespace {

/// The table of the lengths of all pairs of beginnings, row by row: calls `cell` with row and column from 1, the length
/// above and the one to the left. Returns the last length.
template <class Cell>
int64_t walk_lengths(std::span<const uint32_t> a, std::span<const uint32_t> b, const Cell& cell) {
    std::vector<int64_t> above(b.size() + 1, 0), row(b.size() + 1, 0);
    for (size_t i = 1; i <= a.size(); ++i) {
        for (size_t j = 1; j <= b.size(); ++j) {
            row[j] = a[i - 1] == b[j - 1] ? above[j - 1] + 1 : std::max(above[j], row[j - 1]);
            cell(i, j, above[j], row[j - 1]);
        }
        std::swap(above, row);
    }
    return above.back();
}

}  // namespace

int64_t common_subsequence_length(std::span<const uint32_t> a, std::span<const uint32_t> b) {
    return walk_lengths(a, b, [](size_t, size_t, int64_t, int64_t) {});
}

std::vector<int64_t> common_subsequence_places(std::span<const uint32_t> a, std::span<const uint32_t> b) {
    // One bit of each cell is enough to find the way back.
    std::vector<bool> goes_left(a.size() * b.size());
    walk_lengths(a, b, [&](size_t i, size_t j, int64_t above, int64_t left) {
        goes_left[(i - 1) * b.size() + j - 1] = left > above;
    });
    std::vector<int64_t> places;
    for (size_t i = a.size(), j = b.size(); i > 0 && j > 0;) {
        if (a[i - 1] == b[j - 1]) {
            places.push_back(static_cast<int64_t>(--i));
            --j;
        } else if (goes_left[(i - 1) * b.size() + j - 1]) {
            --j;
        } else {
            --i;
        }
    }
    std::reverse(places.begin(), places.end());
    return places;
}

}  // namespace heed
