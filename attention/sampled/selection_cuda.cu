#include "heed/attention/sampled/selection_kernels.h"
#include "heed/attention/sampled/selection_size.h"
#include "heed/core/cuda/for_each.cuh"

namespace heed {

namespace selection_card {

namespace {

/// Where a row of [batch, tokens, heads, head_dim] begins.
template <class View>
__device__ auto* row(const View& view, int64_t sample, int64_t head, int64_t token) {
    return view.data + sample * view.batch_stride + head * view.head_stride + token * view.token_stride;
}

__device__ int64_t real_tokens(const QuerySelection& a, int64_t sample) {
    return a.lengths ? min(max(int64_t{a.lengths[sample]}, int64_t{0}), a.tokens) : a.tokens;
}

/// A thread for each query measures it; then one for each query counts those that come before it.
void select(const QuerySelection& a) {
    cuda::for_each("sparsity of queries", a.batch * a.heads * a.tokens, [a] __device__(int64_t index) {
        const int64_t i = index % a.tokens, task = index / a.tokens, sample = task / a.heads, head = task % a.heads;
        const int64_t n = real_tokens(a, sample);
        if (i >= n) return;
        const int64_t samples = min(selection_size(a.factor, n), a.most);
        const float* const query = row(a.query, sample, head, i);
        float greatest = -INFINITY, sum = 0;
        for (int64_t s = 0; s < samples; ++s) {
            const float* const key = row(a.key, sample, head, sampled_key(a.words[i * a.most + s], n));
            float score = 0;
            for (int64_t c = 0; c < a.head_dim; ++c) score += query[c] * key[c];
            greatest = score > greatest ? score : greatest;
            sum += score;
        }
        const float own = greatest - sum / static_cast<float>(n);
        a.workspace[index] = own == own ? own : INFINITY;
    });
    cuda::for_each("selected queries", a.batch * a.heads * a.most,
                   [a] __device__(int64_t index) { a.selected[index] = -1; });
    cuda::for_each("selected queries", a.batch * a.heads * a.tokens, [a] __device__(int64_t index) {
        const int64_t i = index % a.tokens, task = index / a.tokens, n = real_tokens(a, task / a.heads);
        if (i >= n) return;
        const int64_t size = min(selection_size(a.factor, n), a.most);
        const float* const sparsity = a.workspace + task * a.tokens;
        int64_t rank = 0;
        for (int64_t other = 0; other < n; ++other) {
            rank += sparsity[other] > sparsity[i] || (sparsity[other] == sparsity[i] && other < i) ? 1 : 0;
        }
        if (rank < size) a.selected[task * a.most + rank] = static_cast<int32_t>(i);
    });
}

/// Calls body(sample, head, s, number of the query, component) for all places of `selected`.
template <class Args, class Body>
void for_each_selected(const char* name, const Args& a, const Body& body) {
    cuda::for_each(name, a.batch * a.heads * a.most * a.head_dim, [a, body] __device__(int64_t index) {
        const int64_t place = index / a.head_dim, task = place / a.most;
        body(task / a.heads, task % a.heads, place % a.most, int64_t{a.selected[place]}, index % a.head_dim);
    });
}

void take(const SelectedRows& a) {
    for_each_selected("take rows", a, [a] __device__(int64_t b, int64_t h, int64_t s, int64_t number, int64_t c) {
        row(a.y, b, h, s)[c] = number < 0 ? 0 : row(a.x, b, h, number)[c];
    });
}

void take_backward(const SelectedRows& a) {
    for_each_selected("take rows backward", a,
                      [a] __device__(int64_t b, int64_t h, int64_t s, int64_t number, int64_t c) {
                          if (number >= 0) row(a.dx, b, h, number)[c] += row(a.dy, b, h, s)[c];
                      });
}

void place(const PlacedRows& a) {
    cuda::for_each("place mean", a.batch * a.tokens * a.heads * a.head_dim, [a] __device__(int64_t index) {
        const int64_t c = index % a.head_dim, h = index / a.head_dim % a.heads;
        const int64_t token = index / a.head_dim / a.heads, b = token / a.tokens;
        row(a.y, b, h, token % a.tokens)[c] = row(a.mean, b, h, 0)[c];
    });
    for_each_selected("place rows", a, [a] __device__(int64_t b, int64_t h, int64_t s, int64_t number, int64_t c) {
        if (number >= 0) row(a.y, b, h, number)[c] = row(a.x, b, h, s)[c];
    });
}

void place_backward(const PlacedRows& a) {
    for_each_selected("place rows backward", a,
                      [a] __device__(int64_t b, int64_t h, int64_t s, int64_t number, int64_t c) {
                          row(a.dx, b, h, s)[c] = number < 0 ? 0 : row(a.dy, b, h, number)[c];
                      });
    cuda::for_each("place mean backward", a.batch * a.heads * a.head_dim, [a] __device__(int64_t index) {
        const int64_t c = index % a.head_dim, task = index / a.head_dim, b = task / a.heads, h = task % a.heads;
        const int32_t* const selected = a.selected + task * a.most;
        float sum = 0;
        for (int64_t t = 0; t < a.tokens; ++t) {
            bool own = false;
            for (int64_t s = 0; s < a.most; ++s) own = own || selected[s] == t;
            if (!own) sum += row(a.dy, b, h, t)[c];
        }
        row(a.d_mean, b, h, 0)[c] = sum;
    });
}

int64_t workspace(const QuerySelection& a) {
    return a.batch * a.heads * a.tokens;
}

constexpr SelectionKernels kernels = {select, take, take_backward, place, place_backward, workspace};

}  // namespace

}  // namespace selection_card

const SelectionKernels& selection_cuda() {
    return selection_card::kernels;
}

}  // namespace heed
