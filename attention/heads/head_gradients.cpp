#include "heed/attention/heads/head_gradients.h"

#include <cmath>
#include <utility>

namespace heed {

HeadGradients::HeadGradients(const ScaledDotProduct& attention)
    : columns_(attention.heads * attention.head_dim), head_dim_(attention.head_dim) {
    const HeadColumns* inputs[3] = {&attention.query, &attention.key, &attention.value};
    for (int role = 0; role < 3; ++role) {
        roles_[role].tensor = inputs[role]->source.value();
        roles_[role].first_column = inputs[role]->first_column;
        roles_[role].slot = inputs[role]->source.slot();
    }
}

void HeadGradients::allocate() {
    int64_t covered[3] = {columns_, columns_, columns_};
    for (int role = 0; role < 3; ++role) {
        int& owner = roles_[role].owner;
        owner = role;
        for (int other = 0; other < role && owner == role; ++other) {
            if (roles_[other].owner == other && shares_with(other, role)) owner = other;
        }
        if (owner != role) covered[owner] += columns_;
    }
    for (int role = 0; role < 3; ++role) {
        if (roles_[role].owner != role) continue;
        const Tensor& source = roles_[role].tensor;
        roles_[role].gradient = Tensor::empty(source.context(), source.shape(), source.dtype());
        if (covered[role] < source.shape()[2]) roles_[role].gradient.fill_zero();
    }
}

bool HeadGradients::shares_with(int first, int second) const {
    if (!roles_[first].slot || roles_[first].slot != roles_[second].slot) return false;
    for (int role = first; role < second; ++role) {
        if (role != first && roles_[role].owner != first) continue;
        if (std::abs(roles_[role].first_column - roles_[second].first_column) < columns_) return false;
    }
    return true;
}

void HeadGradients::hand_over() {
    for (int role = 0; role < 3; ++role) {
        if (roles_[role].owner == role && roles_[role].slot) {
            roles_[role].slot->add(std::move(roles_[role].gradient));
        }
    }
}

}  // namespace heed
