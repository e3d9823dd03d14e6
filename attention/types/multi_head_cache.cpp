#include "heed/attention/types/multi_head_cache.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/shapes/copy_rows.h"

namespace heed {

namespace {

Tensor integer_tensor(Context& context, const std::vector<int32_t>& values) {
    return Tensor::from_host(context, {static_cast<int64_t>(values.size())}, std::span<const int32_t>(values));
}

Variable gathered(const Variable& x, const Tensor& index) {
    return Variable(gather_rows(x.value(), index));
}

}  // namespace

void MultiHeadSelfCache::reorder(std::span<const int32_t> rows) {
    const Tensor index =
        indices_on_device(tokens().values().context(), "rows", {std::ssize(rows)}, rows, 0, tokens().rows());
    for (std::optional<TokenBuffer>* buffer : {&projected, &input, &rotated, &mixed}) {
        if (*buffer) (*buffer)->reorder(index);
    }
    if (kept) kept->reorder(rows);
}

MultiHeadCrossCache::MultiHeadCrossCache(HeadColumns key, HeadColumns value, const Tensor& lengths)
    : key_(std::move(key)),
      value_(std::move(value)),
      lengths_(lengths),
      source_of_row_(static_cast<size_t>(sources())) {
    std::iota(source_of_row_.begin(), source_of_row_.end(), 0);
}

void MultiHeadCrossCache::reorder(std::span<const int32_t> rows) {
    std::vector<int32_t> moved;
    moved.reserve(rows.size());
    for (const int32_t row : rows) {
        if (row < 0 || row >= std::ssize(source_of_row_)) {
            throw Error("row " + std::to_string(row) + " is not in a cache of " +
                        std::to_string(source_of_row_.size()) + " rows");
        }
        moved.push_back(source_of_row_[static_cast<size_t>(row)]);
    }
    if (moved == source_of_row_) return;
    source_of_row_ = std::move(moved);
    drop_unused_sources();
    group_rows();
}

/// Sources without rows still cost a block of queries each; copying the others pays where they are many.
void MultiHeadCrossCache::drop_unused_sources() {
    std::vector<int32_t> moved_to(static_cast<size_t>(sources()), -1), kept;
    for (const int32_t source : source_of_row_) moved_to[static_cast<size_t>(source)] = 0;
    for (int32_t source = 0; source < std::ssize(moved_to); ++source) {
        if (moved_to[static_cast<size_t>(source)] < 0) continue;
        moved_to[static_cast<size_t>(source)] = static_cast<int32_t>(kept.size());
        kept.push_back(source);
    }
    if (2 * std::ssize(kept) > sources()) return;
    Context& context = key_.source.context();
    const Tensor index = integer_tensor(context, kept);
    const bool shared = key_.source.value().raw() == value_.source.value().raw();
    if (lengths_.defined()) {
        std::vector<int32_t> lengths(static_cast<size_t>(sources())), kept_lengths;
        lengths_.copy_to_host(lengths.data());
        for (const int32_t source : kept) kept_lengths.push_back(lengths[static_cast<size_t>(source)]);
        lengths_ = integer_tensor(context, kept_lengths);
    }
    key_.source = gathered(key_.source, index);
    value_.source = shared ? key_.source : gathered(value_.source, index);
    if (kept_) kept_->reorder(kept);
    for (int32_t& source : source_of_row_) source = moved_to[static_cast<size_t>(source)];
}

void MultiHeadCrossCache::group_rows() {
    std::vector<int32_t> count(static_cast<size_t>(sources()), 0), seat_of;
    for (const int32_t source : source_of_row_) ++count[static_cast<size_t>(source)];
    group_ = count.empty() ? 1 : std::max(1, *std::max_element(count.begin(), count.end()));
    std::fill(count.begin(), count.end(), 0);
    std::vector<int32_t> row_at(static_cast<size_t>(sources() * group_), 0);
    for (const int32_t source : source_of_row_) {
        const auto seat = static_cast<int32_t>(source * group_ + count[static_cast<size_t>(source)]++);
        row_at[static_cast<size_t>(seat)] = static_cast<int32_t>(seat_of.size());
        seat_of.push_back(seat);
    }
    row_at_ = seat_of_ = Tensor();
    if (row_at == seat_of) return;
    row_at_ = integer_tensor(key_.source.context(), row_at);
    seat_of_ = integer_tensor(key_.source.context(), seat_of);
}

Tensor MultiHeadCrossCache::to_sources(const Tensor& x) const {
    const auto rows = static_cast<int64_t>(source_of_row_.size());
    if (x.shape()[0] != rows) {
        throw Error("a token of " + std::to_string(x.shape()[0]) + " rows was given to a cache of " +
                    std::to_string(rows) + " rows");
    }
    return (row_at_.defined() ? gather_rows(x, row_at_) : x).reshape({sources(), group_, x.shape()[2]});
}

Tensor MultiHeadCrossCache::to_rows(const Tensor& x) const {
    const Tensor seats = x.reshape({sources() * group_, 1, x.shape()[2]});
    return seat_of_.defined() ? gather_rows(seats, seat_of_) : seats;
}

}  // namespace heed
