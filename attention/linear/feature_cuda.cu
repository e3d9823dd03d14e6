#include "heed/attention/linear/feature_kernels.h"
#include "heed/core/cuda/for_each.cuh"

// The recurrent form of linear attention: a thread walks over the tokens of a head for one component or one feature, so
// that no threads wait for each other and every number has one thread that adds to it.

namespace heed {

namespace feature_card {

namespace {

__device__ int64_t real_keys(const FeatureShape& shape, int64_t sample) {
    if (!shape.key_lengths) return shape.keys;
    return min(max(int64_t{shape.key_lengths[sample]}, int64_t{0}), shape.keys);
}

/// One head of one sample.
struct Head {
    int64_t sample, head, keys, first_row;
    const float *query, *key;
    int64_t stride;  ///< of the features of neighbouring tokens
};

template <class Args>
__device__ Head head_at(const Args& a, int64_t number) {
    const FeatureShape& shape = a.shape;
    Head result;
    result.sample = number / shape.heads;
    result.head = number % shape.heads;
    result.keys = real_keys(shape, result.sample);
    result.first_row = number * shape.queries;
    result.stride = shape.heads * shape.features;
    result.query = a.query + result.sample * shape.queries * result.stride + result.head * shape.features;
    result.key = a.key + result.sample * shape.keys * result.stride + result.head * shape.features;
    return result;
}

template <class View>
__device__ auto* row(const View& view, const Head& head, int64_t token) {
    return view.data + head.sample * view.batch_stride + head.head * view.head_stride + token * view.token_stride;
}

__device__ int64_t seen_by(const FeatureShape& shape, const Head& head, int64_t query) {
    return shape.causal ? min(query + 1, head.keys) : head.keys;
}

/// Brings sums that are relative to e^greatest to a logarithm that is greater.
__device__ float rescaling(float* greatest, float logarithm) {
    if (!(logarithm > *greatest)) return 1;
    const float factor = expf(*greatest - logarithm);
    *greatest = logarithm;
    return factor;
}

__device__ float relative(float logarithm, float greatest) {
    return logarithm == -INFINITY ? 0 : expf(logarithm - greatest);
}

/// Of the state that a thread keeps for each feature: greatest logarithm, sum of features, sum of values.
constexpr int64_t state_parts = 3;

/// A thread for each component of a head. State: [batch, heads, features, state_parts, head_dim].
void forward(const FeatureForward& a) {
    cuda::for_each("linear attention", a.shape.batch * a.shape.heads * a.shape.head_dim, [a] __device__(int64_t index) {
        const FeatureShape& shape = a.shape;
        const int64_t width = shape.head_dim, x = index % width, number = index / width;
        const Head head = head_at(a, number);
        float* const state = a.state + number * shape.features * state_parts * width + x;
        const auto at = [&](int64_t c, int64_t part) -> float& { return state[(c * state_parts + part) * width]; };
        for (int64_t c = 0; c < shape.features && !a.continued; ++c) {
            at(c, 0) = -INFINITY;
            at(c, 1) = at(c, 2) = 0;
        }
        const bool empty = !a.continued && head.keys == 0;
        int64_t absorbed = 0;
        const auto absorb_up_to = [&](int64_t end) {
            for (; absorbed < end; ++absorbed) {
                const float value = row(a.value, head, absorbed)[x];
                for (int64_t c = 0; c < shape.features; ++c) {
                    float factor = head.key[absorbed * head.stride + c], before = 1;
                    if (shape.logarithmic) {
                        before = rescaling(&at(c, 0), factor);
                        factor = relative(factor, at(c, 0));
                    }
                    at(c, 1) = at(c, 1) * before + factor;
                    at(c, 2) = at(c, 2) * before + factor * value;
                }
            }
        };
        if (!shape.causal) absorb_up_to(head.keys);
        for (int64_t i = 0; i < shape.queries; ++i) {
            absorb_up_to(seen_by(shape, head, i));
            const float* const query = head.query + i * head.stride;
            float shift = 0;
            if (shape.logarithmic) {
                float largest = -INFINITY;
                for (int64_t c = 0; c < shape.features; ++c) {
                    const float exponent = query[c] + at(c, 0);
                    largest = exponent > largest ? exponent : largest;
                }
                shift = largest == -INFINITY ? 0 : largest;
            }
            float sum = 0, mixed = 0;
            for (int64_t c = 0; c < shape.features; ++c) {
                const float factor = shape.logarithmic ? expf(query[c] + at(c, 0) - shift) : query[c];
                sum += factor * at(c, 1);
                mixed += factor * at(c, 2);
            }
            const float divisor = !shape.logarithmic && sum < shape.floor ? shape.floor : sum;
            row(a.output, head, i)[x] = empty || divisor == 0 ? 0 : mixed / divisor;
            if (x > 0) continue;
            const float none = shape.logarithmic ? -INFINITY : 0;
            a.normaliser[head.first_row + i] = empty ? none : shape.logarithmic ? shift + logf(sum) : sum;
        }
    });
}

/// What a query brings to gradients.
struct QueryGradient {
    const float* d_output;
    float normaliser;  ///< the floor where it took its place
    float row_dot;     ///< d output . output; 0 where the floor took the place of the normaliser
    bool has_key;
};

__device__ QueryGradient query_gradient(const FeatureBackward& a, const Head& head, int64_t i, bool with_dot) {
    QueryGradient result{row(a.d_output, head, i), a.normaliser[head.first_row + i], 0, head.keys > 0};
    if (a.shape.logarithmic && result.normaliser == -INFINITY) result.has_key = false;
    const bool clamped = !a.shape.logarithmic && result.normaliser < a.shape.floor;
    if (clamped) result.normaliser = a.shape.floor;
    if (!with_dot || clamped) return result;
    const float* const output = row(a.output, head, i);
    for (int64_t x = 0; x < a.shape.head_dim; ++x) result.row_dot += result.d_output[x] * output[x];
    return result;
}

/// The sums of a thread for one feature: over all components.
struct FeatureSums {
    float greatest, number;
    float* rows;
    int64_t width;
    bool logarithmic;

    __device__ void clear() {
        greatest = -INFINITY;
        number = 0;
        for (int64_t x = 0; x < width; ++x) rows[x] = 0;
    }
    __device__ void absorb(float feature, const float* added, float scale, float added_number) {
        float factor = feature, before = 1;
        if (logarithmic) {
            before = rescaling(&greatest, feature);
            factor = relative(feature, greatest);
        }
        factor *= scale;
        number = number * before + factor * added_number;
        for (int64_t x = 0; x < width; ++x) rows[x] = rows[x] * before + factor * added[x];
    }
    __device__ float dot(const float* other) const {
        float sum = 0;
        for (int64_t x = 0; x < width; ++x) sum += rows[x] * other[x];
        return sum;
    }
};

/// A thread for each feature of a head: d query, then d key.
void feature_gradients(const FeatureBackward& a) {
    cuda::for_each(
        "linear attention backward", a.shape.batch * a.shape.heads * a.shape.features, [a] __device__(int64_t index) {
            const FeatureShape& shape = a.shape;
            const int64_t c = index % shape.features;
            const Head head = head_at(a, index / shape.features);
            FeatureSums sums{-INFINITY, 0, a.workspace + index * shape.head_dim, shape.head_dim, shape.logarithmic};
            float* const d_query = a.d_query + (head.query - a.query) + c;
            float* const d_key = a.d_key + (head.key - a.key) + c;
            sums.clear();
            int64_t absorbed = 0;
            const auto absorb_up_to = [&](int64_t end) {
                for (; absorbed < end; ++absorbed) {
                    sums.absorb(head.key[absorbed * head.stride + c], row(a.value, head, absorbed), 1, 1);
                }
            };
            if (!shape.causal) absorb_up_to(head.keys);
            for (int64_t i = 0; i < shape.queries; ++i) {
                absorb_up_to(seen_by(shape, head, i));
                const QueryGradient gradient = query_gradient(a, head, i, true);
                float result = 0;
                if (gradient.has_key) {
                    const float factor =
                        shape.logarithmic ? expf(head.query[i * head.stride + c] + sums.greatest - gradient.normaliser)
                                          : 1 / gradient.normaliser;
                    result = factor * (sums.dot(gradient.d_output) - sums.number * gradient.row_dot);
                }
                d_query[i * head.stride] = result;
            }
            sums.clear();
            int64_t next = shape.queries - 1;
            const auto absorb_down_to = [&](int64_t begin) {
                for (; next >= begin; --next) {
                    const QueryGradient gradient = query_gradient(a, head, next, true);
                    if (!gradient.has_key) continue;
                    const float query = head.query[next * head.stride + c];
                    sums.absorb(shape.logarithmic ? query - gradient.normaliser : query, gradient.d_output,
                                shape.logarithmic ? 1 : 1 / gradient.normaliser, gradient.row_dot);
                }
            };
            for (int64_t j = shape.keys - 1; j >= 0; --j) {
                absorb_down_to(shape.causal ? j : 0);
                float result = 0;
                if (j < head.keys) {
                    const float factor = shape.logarithmic ? expf(head.key[j * head.stride + c] + sums.greatest) : 1;
                    result = factor * (sums.dot(row(a.value, head, j)) - sums.number);
                }
                d_key[j * head.stride] = result;
            }
        });
}

/// A thread for each component of a head: its sums [features, 2] are a greatest logarithm and a sum.
void value_gradients(const FeatureBackward& a, float* workspace) {
    cuda::for_each("linear attention, values", a.shape.batch * a.shape.heads * a.shape.head_dim,
                   [a, workspace] __device__(int64_t index) {
                       const FeatureShape& shape = a.shape;
                       const int64_t width = shape.head_dim, x = index % width, number = index / width;
                       const Head head = head_at(a, number);
                       float* const greatest = workspace + number * shape.features * 2 * width + x;
                       float* const sums = greatest + shape.features * width;
                       for (int64_t c = 0; c < shape.features; ++c) {
                           greatest[c * width] = -INFINITY;
                           sums[c * width] = 0;
                       }
                       int64_t next = shape.queries - 1;
                       const auto absorb_down_to = [&](int64_t begin) {
                           for (; next >= begin; --next) {
                               const QueryGradient gradient = query_gradient(a, head, next, false);
                               if (!gradient.has_key) continue;
                               for (int64_t c = 0; c < shape.features; ++c) {
                                   float factor = head.query[next * head.stride + c], before = 1;
                                   if (shape.logarithmic) {
                                       factor -= gradient.normaliser;
                                       before = rescaling(&greatest[c * width], factor);
                                       factor = relative(factor, greatest[c * width]);
                                   } else {
                                       factor /= gradient.normaliser;
                                   }
                                   sums[c * width] = sums[c * width] * before + factor * gradient.d_output[x];
                               }
                           }
                       };
                       for (int64_t j = head.keys - 1; j >= 0; --j) {
                           absorb_down_to(shape.causal ? j : 0);
                           float result = 0;
                           for (int64_t c = 0; c < shape.features; ++c) {
                               const float key = head.key[j * head.stride + c];
                               result += (shape.logarithmic ? expf(key + greatest[c * width]) : key) * sums[c * width];
                           }
                           row(a.d_value, head, j)[x] += result;
                       }
                   });
}

void backward(const FeatureBackward& a) {
    const FeatureShape& shape = a.shape;
    feature_gradients(a);
    value_gradients(a, a.workspace + shape.batch * shape.heads * shape.features * shape.head_dim);
}

void weights(const FeatureWeights& a) {
    cuda::for_each_in_rows(
        "linear attention weights", a.shape.batch * a.shape.heads * a.shape.queries, a.shape.keys,
        [a] __device__(int64_t row_number, int64_t j) {
            const FeatureShape& shape = a.shape;
            const Head head = head_at(a, row_number / shape.queries);
            const int64_t i = row_number % shape.queries;
            const float normaliser = a.normaliser[row_number];
            float sum = 0;
            if (j < seen_by(shape, head, i) && normaliser != -INFINITY) {
                const float *const query = head.query + i * head.stride, *const key = head.key + j * head.stride;
                for (int64_t c = 0; c < shape.features; ++c) {
                    sum += shape.logarithmic ? expf(query[c] + key[c] - normaliser) : query[c] * key[c];
                }
                if (!shape.logarithmic) sum /= normaliser < shape.floor ? shape.floor : normaliser;
            }
            a.weights[row_number * shape.keys + j] = sum;
        });
}

/// The head of a token: components of row `number` of [batch, tokens, heads].
template <class View, class Args>
__device__ auto* head_row(const View& view, const Args& a, int64_t number) {
    const int64_t token = number / a.heads;
    return view.data + token / a.tokens * view.batch_stride + token % a.tokens * view.token_stride +
           number % a.heads * view.head_stride;
}

void subtract_norms(const FeatureNorms& a) {
    cuda::for_each("subtract norms", a.batch * a.tokens * a.heads, [a] __device__(int64_t number) {
        const float* const x = head_row(a.x, a, number);
        float norm = 0;
        for (int64_t c = 0; c < a.head_dim; ++c) norm += x[c] * x[c];
        for (int64_t c = 0; c < a.features; ++c) a.y[number * a.features + c] -= a.factor * norm;
    });
}

void norm_gradients(const FeatureNorms& a) {
    cuda::for_each("norm gradients", a.batch * a.tokens * a.heads, [a] __device__(int64_t number) {
        float sum = 0;
        for (int64_t c = 0; c < a.features; ++c) sum += a.dy[number * a.features + c];
        if (sum == 0) return;
        const float* const x = head_row(a.x, a, number);
        float* const dx = head_row(a.dx, a, number);
        for (int64_t c = 0; c < a.head_dim; ++c) dx[c] -= 2 * a.factor * sum * x[c];
    });
}

struct Angles {
    float sine, cosine;
};

__device__ Angles angles(const CosineFeatures& a, int64_t number) {
    const int64_t token = number / a.heads, sample = token / a.tokens, place = token % a.tokens;
    const auto real = [&](const int32_t* lengths, int64_t tokens) {
        return lengths ? min(max(int64_t{lengths[sample]}, int64_t{0}), tokens) : tokens;
    };
    const int64_t longest = max(int64_t{1}, max(real(a.lengths, a.tokens), real(a.other_lengths, a.other_tokens)));
    const float angle = 1.57079633F / static_cast<float>(longest);
    return {sinf(angle * static_cast<float>(place + 1)), sinf(angle * static_cast<float>(longest - place - 1))};
}

void cosine(const CosineFeatures& a) {
    cuda::for_each("cosine features", a.batch * a.tokens * a.heads, [a] __device__(int64_t number) {
        const Angles at = angles(a, number);
        const float* const x = head_row(a.x, a, number);
        float* const y = a.y + number * 2 * a.head_dim;
        for (int64_t c = 0; c < a.head_dim; ++c) {
            const float positive = x[c] < 0 ? 0 : x[c];
            y[c] = positive * at.sine;
            y[a.head_dim + c] = positive * at.cosine;
        }
    });
}

void cosine_backward(const CosineFeatures& a) {
    cuda::for_each("cosine features backward", a.batch * a.tokens * a.heads, [a] __device__(int64_t number) {
        const Angles at = angles(a, number);
        const float *const x = head_row(a.x, a, number), *const dy = a.dy + number * 2 * a.head_dim;
        float* const dx = head_row(a.dx, a, number);
        for (int64_t c = 0; c < a.head_dim; ++c) {
            if (!(x[c] <= 0)) dx[c] += at.sine * dy[c] + at.cosine * dy[a.head_dim + c];
        }
    });
}

__device__ int64_t real_tokens(const Segments& a, int64_t sample) {
    return a.lengths ? min(max(int64_t{a.lengths[sample]}, int64_t{0}), a.tokens) : a.tokens;
}

void segment_means(const Segments& a) {
    cuda::for_each("segment means", a.batch * a.heads * a.segments * a.head_dim, [a] __device__(int64_t index) {
        const int64_t c = index % a.head_dim, segment = index / a.head_dim % a.segments;
        const int64_t head = index / a.head_dim / a.segments, sample = head / a.heads;
        const int64_t n = real_tokens(a, sample), begin = a.begin(segment, n), end = a.end(segment, n);
        const float* const x = a.x.data + sample * a.x.batch_stride + head % a.heads * a.x.head_stride + c;
        float sum = 0;
        for (int64_t t = begin; t < end; ++t) sum += x[t * a.x.token_stride];
        a.y[index] = end > begin ? sum / static_cast<float>(end - begin) : 0;
    });
}

void segment_means_backward(const Segments& a) {
    cuda::for_each("segment means backward", a.batch * a.heads * a.head_dim, [a] __device__(int64_t index) {
        const int64_t c = index % a.head_dim, head = index / a.head_dim, sample = head / a.heads;
        const int64_t n = real_tokens(a, sample);
        float* const dx = a.dx.data + sample * a.dx.batch_stride + head % a.heads * a.dx.head_stride + c;
        for (int64_t segment = 0; segment < a.segments; ++segment) {
            const int64_t begin = a.begin(segment, n), end = a.end(segment, n);
            const float dy = a.dy[(head * a.segments + segment) * a.head_dim + c];
            for (int64_t t = begin; t < end; ++t) dx[t * a.dx.token_stride] += dy / static_cast<float>(end - begin);
        }
    });
}

int64_t state_floats(const FeatureShape& shape) {
    return shape.heads * shape.features * state_parts * shape.head_dim;
}

int64_t workspace(const FeatureShape& shape) {
    return shape.batch * shape.heads * shape.features * shape.head_dim * 3;
}

constexpr FeatureKernels kernels = {forward,  backward,        weights,       subtract_norms,         norm_gradients,
                                    cosine,   cosine_backward, segment_means, segment_means_backward, state_floats,
                                    workspace};

}  // namespace

}  // namespace feature_card

const FeatureKernels& feature_cuda() {
    return feature_card::kernels;
}

}  // namespace heed
