#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace heed {

/// Sizes of a tensor's axes, outermost first; rank 0 is a scalar. Held inline, so that shapes never touch the heap.
class Shape {
public:
    static constexpr int max_rank = 6;

    Shape() = default;
    /// Throws Error on a negative size or more than max_rank axes.
    Shape(std::initializer_list<int64_t> sizes);
    explicit Shape(const std::vector<int64_t>& sizes);

    int rank() const { return rank_; }
    /// Size of an axis; negative axes count from the last (-1). Throws Error when there is no such axis.
    int64_t operator[](int axis) const;
    int64_t elements() const;
    /// Product of all sizes but the last; 1 for rank 0 and 1. A tensor seen as rows.
    int64_t rows() const;
    /// The same shape with another last axis.
    Shape with_last(int64_t size) const;
    /// The same shape with another first axis.
    Shape with_first(int64_t size) const;
    /// The same shape with one more axis at the end.
    Shape with_axis(int64_t size) const;
    std::vector<int64_t> to_vector() const;
    /// "[64, 50, 128]"
    std::string to_string() const;

    bool operator==(const Shape& other) const;

private:
    void assign(const int64_t* sizes, size_t count);

    int64_t sizes_[max_rank] = {};
    int rank_ = 0;
};

}  // namespace heed
