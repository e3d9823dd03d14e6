#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "heed/attention/heads/reference_heads.h"
#include "heed/attention/sampled/selection_kernels.h"
#include "heed/attention/sampled/selection_size.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace selection_device {

namespace {

using namespace reference;

void select(const QuerySelection& a) {
    for (int64_t b = 0; b < a.batch; ++b) {
        const int64_t n = real_length(a.lengths, b, a.tokens), size = std::min(selection_size(a.factor, n), a.most);
        for (int64_t h = 0; h < a.heads; ++h) {
            std::vector<float> sparsity;
            for (int64_t i = 0; i < n; ++i) {
                double greatest = -infinity, sum = 0;
                for (int64_t s = 0; s < size; ++s) {
                    const int64_t key = sampled_key(reference_address(a.words)[i * a.most + s], n);
                    const double score = dot(row(a.query, b, h, i), row(a.key, b, h, key), a.head_dim);
                    greatest = std::max(greatest, score);
                    sum += score;
                }
                const double own = greatest - sum / static_cast<double>(n);
                sparsity.push_back(static_cast<float>(std::isnan(own) ? infinity : own));
            }
            std::vector<int32_t> order(static_cast<size_t>(n));
            std::iota(order.begin(), order.end(), 0);
            std::stable_sort(order.begin(), order.end(), [&](int32_t one, int32_t other) {
                return sparsity[static_cast<size_t>(one)] > sparsity[static_cast<size_t>(other)];
            });
            order.resize(static_cast<size_t>(size));
            order.resize(static_cast<size_t>(a.most), -1);
            std::copy(order.begin(), order.end(), reference_address(a.selected) + (b * a.heads + h) * a.most);
        }
    }
}

/// Calls body(sample, head, s, number) for all places of `selected`.
template <class Args, class Body>
void for_each_selected(const Args& a, const Body& body) {
    for (int64_t b = 0; b < a.batch; ++b) {
        for (int64_t h = 0; h < a.heads; ++h) {
            for (int64_t s = 0; s < a.most; ++s) {
                body(b, h, s, reference_address(a.selected)[(b * a.heads + h) * a.most + s]);
            }
        }
    }
}

void take(const SelectedRows& a) {
    for_each_selected(a, [&](int64_t b, int64_t h, int64_t s, int64_t number) {
        float* y = row(a.y, b, h, s);
        std::fill_n(y, a.head_dim, 0.0F);
        if (number >= 0) std::copy_n(row(a.x, b, h, number), a.head_dim, y);
    });
}

void take_backward(const SelectedRows& a) {
    for_each_selected(a, [&](int64_t b, int64_t h, int64_t s, int64_t number) {
        for (int64_t c = 0; number >= 0 && c < a.head_dim; ++c) row(a.dx, b, h, number)[c] += row(a.dy, b, h, s)[c];
    });
}

void place(const PlacedRows& a) {
    for (int64_t b = 0; b < a.batch; ++b) {
        for (int64_t h = 0; h < a.heads; ++h) {
            for (int64_t t = 0; t < a.tokens; ++t) std::copy_n(row(a.mean, b, h, 0), a.head_dim, row(a.y, b, h, t));
        }
    }
    for_each_selected(a, [&](int64_t b, int64_t h, int64_t s, int64_t number) {
        if (number >= 0) std::copy_n(row(a.x, b, h, s), a.head_dim, row(a.y, b, h, number));
    });
}

void place_backward(const PlacedRows& a) {
    for (int64_t b = 0; b < a.batch; ++b) {
        for (int64_t h = 0; h < a.heads; ++h) {
            const int32_t* selected = reference_address(a.selected) + (b * a.heads + h) * a.most;
            std::vector<double> sum(static_cast<size_t>(a.head_dim), 0.0);
            for (int64_t t = 0; t < a.tokens; ++t) {
                if (std::find(selected, selected + a.most, t) != selected + a.most) continue;
                for (int64_t c = 0; c < a.head_dim; ++c) sum[static_cast<size_t>(c)] += row(a.dy, b, h, t)[c];
            }
            std::copy(sum.begin(), sum.end(), row(a.d_mean, b, h, 0));
        }
    }
    for_each_selected(a, [&](int64_t b, int64_t h, int64_t s, int64_t number) {
        std::fill_n(row(a.dx, b, h, s), a.head_dim, 0.0F);
        if (number >= 0) std::copy_n(row(a.dy, b, h, number), a.head_dim, row(a.dx, b, h, s));
    });
}

int64_t workspace(const QuerySelection&) {
    return 0;
}

constexpr SelectionKernels kernels = {select, take, take_backward, place, place_backward, workspace};

}  // namespace

}  // namespace selection_device

const SelectionKernels& selection_reference() {
    return selection_device::kernels;
}

}  // namespace heed
