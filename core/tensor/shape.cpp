#include "heed/core/tensor/shape.h"

#include "heed/core/error.h"

namespace heed {

Shape::Shape(std::initializer_list<int64_t> sizes) {
    assign(sizes.begin(), sizes.size());
}

Shape::Shape(const std::vector<int64_t>& sizes) {
    assign(sizes.data(), sizes.size());
}

void Shape::assign(const int64_t* sizes, size_t count) {
    if (count > static_cast<size_t>(max_rank)) {
        throw Error("a shape has at most " + std::to_string(max_rank) + " axes, got " + std::to_string(count));
    }
    rank_ = static_cast<int>(count);
    for (size_t axis = 0; axis < count; ++axis) {
        if (sizes[axis] < 0) throw Error("a shape has sizes >= 0, got " + std::to_string(sizes[axis]));
        sizes_[axis] = sizes[axis];
    }
}

int64_t Shape::operator[](int axis) const {
    int index = axis < 0 ? axis + rank_ : axis;
    if (index < 0 || index >= rank_) throw Error("shape " + to_string() + " has no axis " + std::to_string(axis));
    return sizes_[index];
}

int64_t Shape::elements() const {
    int64_t count = 1;
    for (int axis = 0; axis < rank_; ++axis) count *= sizes_[axis];
    return count;
}

int64_t Shape::rows() const {
    int64_t count = 1;
    for (int axis = 0; axis + 1 < rank_; ++axis) count *= sizes_[axis];
    return count;
}

Shape Shape::with_last(int64_t size) const {
    if (rank_ == 0) throw Error("a scalar has no last axis");
    Shape result = *this;
    result.sizes_[rank_ - 1] = size;
    return result;
}

Shape Shape::with_first(int64_t size) const {
    if (rank_ == 0) throw Error("a scalar has no first axis");
    Shape result = *this;
    result.sizes_[0] = size;
    return result;
}

Shape Shape::with_axis(int64_t size) const {
    if (rank_ == max_rank) throw Error("shape " + to_string() + " cannot have one more axis");
    Shape result = *this;
    result.sizes_[result.rank_++] = size;
    return result;
}

std::vector<int64_t> Shape::to_vector() const {
    return {sizes_, sizes_ + rank_};
}

std::string Shape::to_string() const {
    std::string text = "[";
    for (int axis = 0; axis < rank_; ++axis) text += (axis ? ", " : "") + std::to_string(sizes_[axis]);
    return text + "]";
}

bool Shape::operator==(const Shape& other) const {
    if (rank_ != other.rank_) return false;
    for (int axis = 0; axis < rank_; ++axis) {
        if (sizes_[axis] != other.sizes_[axis]) return false;
    }
    return true;
}

}  // namespace heed
