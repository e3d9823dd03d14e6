#include "heed/attention/types/token_buffer.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/ops/shapes/copy_rows.h"

namespace heed {

namespace {

constexpr int64_t smallest_capacity = 16;

}  // namespace

TokenBuffer::TokenBuffer(Context& context, int64_t rows, int64_t width, int64_t expected_tokens, int64_t most)
    : most_(most > 0 ? most : std::numeric_limits<int64_t>::max()) {
    const int64_t capacity = std::min(std::max(expected_tokens, smallest_capacity), most_);
    values_ = Tensor::empty(context, {rows, capacity, width});
}

void TokenBuffer::copy_to(const Tensor& other, const Tensor& index) {
    const int64_t width = values_.shape()[2];
    copy_rows({values_, 0, values_.shape()[1] * width}, {other, 0, other.shape()[1] * width}, other.shape()[0],
              kept() * width, index);
}

TokenBuffer::Room TokenBuffer::append_unwritten() {
    make_room(1);
    const int64_t width = values_.shape()[2];
    return {place(tokens_++) * width, values_.shape()[1] * width};
}

void TokenBuffer::make_room(int64_t tokens) {
    int64_t capacity = values_.shape()[1];
    const int64_t wanted = std::min(tokens_ + tokens, most_);
    if (wanted <= capacity) return;
    while (capacity < wanted) capacity *= 2;
    capacity = std::min(capacity, most_);
    Tensor larger = Tensor::empty(values_.context(), {rows(), capacity, values_.shape()[2]});
    copy_to(larger, Tensor());
    values_ = std::move(larger);
}

void TokenBuffer::append(const Tensor& x, int64_t first_column) {
    const int64_t width = values_.shape()[2];
    if (x.shape()[0] != rows()) {
        throw Error("a token of " + std::to_string(x.shape()[0]) + " rows was to be added to a cache of " +
                    std::to_string(rows()) + " rows");
    }
    const int64_t tokens = x.shape()[1], columns = x.shape()[2];
    make_room(tokens);
    const int64_t stride = values_.shape()[1] * width;
    int64_t token = std::max<int64_t>(0, tokens - most_);
    while (token < tokens) {
        const int64_t begin = place(tokens_ + token);
        const int64_t count = std::min(tokens - token, most_ - begin);
        const int64_t from = first_column + token * columns, to = begin * width;
        if (count == 1) {
            copy_rows({x, from, tokens * columns}, {values_, to, stride}, rows(), width);
        } else {
            for (int64_t row = 0; row < rows(); ++row) {
                copy_rows({x, row * tokens * columns + from, columns}, {values_, row * stride + to, width}, count,
                          width);
            }
        }
        token += count;
    }
    tokens_ += tokens;
}

void TokenBuffer::reorder(const Tensor& index) {
    Tensor other = Tensor::empty(values_.context(), values_.shape().with_first(index.shape()[0]));
    copy_to(other, index);
    values_ = std::move(other);
}

Tensor equal_lengths(Context& context, int64_t rows, int64_t tokens) {
    const std::vector<int32_t> lengths(static_cast<size_t>(rows), static_cast<int32_t>(tokens));
    return Tensor::from_host(context, {rows}, std::span<const int32_t>(lengths));
}

}  // namespace heed
