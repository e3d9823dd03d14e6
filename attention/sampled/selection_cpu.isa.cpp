#include "heed/attention/heads/head_rows.h"
#include "heed/attention/sampled/selection_kernels.h"
#include "heed/attention/sampled/selection_size.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/loop.h"

namespace heed::HEED_ISA {

namespace {

/// Infinity where a score is NaN.
HEED_SIMD float sparsity(const QuerySelection& a, const float* query, const Rows<const float>& key,
                         const int32_t* words, int64_t samples, int64_t n) {
    float greatest = -infinity, sum = 0;
    for (int64_t s = 0; s < samples; ++s) {
        const float* other = key.at(sampled_key(words[s], n));
        vf products = zero();
        for_lanes(a.head_dim, [&](int64_t c, int64_t count) HEED_INLINE {
            products = fma(load(query + c, count), load(other + c, count), products);
        });
        const float score = hsum(products);
        greatest = score > greatest ? score : greatest;
        sum += score;
    }
    const float result = greatest - sum / static_cast<float>(n);
    return result == result ? result : infinity;
}

void select_queries(const QuerySelection& a) {
    parallel_for(a.batch * a.heads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t sample = task / a.heads, head = task % a.heads;
            int64_t n = a.tokens;
            if (a.lengths != nullptr) n = max(0, min(a.lengths[sample], n));
            const int64_t size = min(selection_size(a.factor, n), a.most);
            const Rows<const float> query = head_rows(a.query, sample, head), key = head_rows(a.key, sample, head);
            int32_t* selected = a.selected + task * a.most;
            float* greatest = a.workspace + task * a.most;  // of the selected, in falling order
            int64_t found = 0;
            for (int64_t i = 0; i < n; ++i) {
                const float own = sparsity(a, query.at(i), key, a.words + i * a.most, size, n);
                if (found == size && !(own > greatest[found - 1])) continue;
                int64_t place = found < size ? found++ : size - 1;
                for (; place > 0 && own > greatest[place - 1]; --place) {
                    greatest[place] = greatest[place - 1];
                    selected[place] = selected[place - 1];
                }
                greatest[place] = own;
                selected[place] = static_cast<int32_t>(i);
            }
            for (int64_t s = found; s < a.most; ++s) selected[s] = -1;
        }
    });
}

/// Calls body(sample, head, s, number) for all places of `selected`.
template <class Args, class Body>
void for_each_selected(const Args& a, const Body& body) {
    parallel_for(a.batch * a.heads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            for (int64_t s = 0; s < a.most; ++s) {
                body(task / a.heads, task % a.heads, s, a.selected[task * a.most + s]);
            }
        }
    });
}

void take(const SelectedRows& a) {
    for_each_selected(a, [&](int64_t sample, int64_t head, int64_t s, int64_t number) {
        float* y = head_rows(a.y, sample, head).at(s);
        const float* x = number < 0 ? nullptr : head_rows(a.x, sample, head).at(number);
        for (int64_t c = 0; c < a.head_dim; ++c) y[c] = x == nullptr ? 0 : x[c];
    });
}

void take_backward(const SelectedRows& a) {
    for_each_selected(a, [&](int64_t sample, int64_t head, int64_t s, int64_t number) {
        if (number < 0) return;
        const float* dy = head_rows(a.dy, sample, head).at(s);
        float* dx = head_rows(a.dx, sample, head).at(number);
        for (int64_t c = 0; c < a.head_dim; ++c) dx[c] += dy[c];
    });
}

void place(const PlacedRows& a) {
    parallel_for(a.batch * a.heads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t sample = task / a.heads, head = task % a.heads;
            const float* mean = head_rows(a.mean, sample, head).data;
            const Rows<float> y = head_rows(a.y, sample, head);
            for (int64_t t = 0; t < a.tokens; ++t) {
                for (int64_t c = 0; c < a.head_dim; ++c) y.at(t)[c] = mean[c];
            }
        }
    });
    for_each_selected(a, [&](int64_t sample, int64_t head, int64_t s, int64_t number) {
        if (number < 0) return;
        const float* x = head_rows(a.x, sample, head).at(s);
        float* y = head_rows(a.y, sample, head).at(number);
        for (int64_t c = 0; c < a.head_dim; ++c) y[c] = x[c];
    });
}

void place_backward(const PlacedRows& a) {
    for_each_selected(a, [&](int64_t sample, int64_t head, int64_t s, int64_t number) {
        float* dx = head_rows(a.dx, sample, head).at(s);
        const float* dy = number < 0 ? nullptr : head_rows(a.dy, sample, head).at(number);
        for (int64_t c = 0; c < a.head_dim; ++c) dx[c] = dy == nullptr ? 0 : dy[c];
    });
    parallel_for(a.batch * a.heads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t sample = task / a.heads, head = task % a.heads;
            float* d_mean = head_rows(a.d_mean, sample, head).data;
            const Rows<const float> dy = head_rows(a.dy, sample, head);
            const int32_t* selected = a.selected + task * a.most;
            for (int64_t c = 0; c < a.head_dim; ++c) d_mean[c] = 0;
            for (int64_t t = 0; t < a.tokens; ++t) {
                bool own = false;
                for (int64_t s = 0; s < a.most; ++s) own = own || selected[s] == t;
                if (own) continue;
                for (int64_t c = 0; c < a.head_dim; ++c) d_mean[c] += dy.at(t)[c];
            }
        }
    });
}

int64_t selection_workspace(const QuerySelection& a) {
    return a.batch * a.heads * a.most;
}

}  // namespace

extern const SelectionKernels selection;
const SelectionKernels selection = {select_queries, take, take_backward, place, place_backward, selection_workspace};

}  // namespace heed::HEED_ISA
