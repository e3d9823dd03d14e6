#include "heed/attention/types/token_buffer.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/ops/shapes/copy_rows.h"

namespace heed {

namespace {

constexpr int64_t smallest_capacity = 16;

}  // namespace

TokenBuffer::TokenBuffer(Context& context, int64_t rows, int64_t width, int64_t expected_tokens)
    : values_(Tensor::empty(context, {rows, std::max(expected_tokens, smallest_capacity), width})) {}

void TokenBuffer::copy_to(const Tensor& other, const Tensor& index) {
    const int64_t width = values_.shape()[2];
    copy_rows({values_, 0, values_.shape()[1] * width}, {other, 0, other.shape()[1] * width}, other.shape()[0],
              tokens_ * width, index);
}

TokenBuffer::Room TokenBuffer::append_unwritten() {
    make_room(1);
    const int64_t width = values_.shape()[2];
    return {tokens_++ * width, values_.shape()[1] * width};
}

void TokenBuffer::make_room(int64_t tokens) {
    int64_t capacity = values_.shape()[1];
    if (tokens_ + tokens <= capacity) return;
    while (capacity < tokens_ + tokens) capacity *= 2;
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
    const int64_t place = tokens_ * width, stride = values_.shape()[1] * width;
    if (tokens == 1) {
        copy_rows({x, first_column, columns}, {values_, place, stride}, rows(), width);
    } else {
        for (int64_t row = 0; row < rows(); ++row) {
            copy_rows({x, row * tokens * columns + first_column, columns}, {values_, row * stride + place, width},
                      tokens, width);
        }
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
