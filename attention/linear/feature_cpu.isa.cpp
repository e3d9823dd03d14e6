#include "heed/attention/heads/head_rows.h"
#include "heed/attention/linear/feature_kernels.h"
#include "heed/attention/linear/feature_state.h"
#include "heed/core/parallel.h"

namespace heed::HEED_ISA {

namespace {

/// One head of one sample: its rows of features and of the normalisers.
template <class Args>
struct FeatureHead {
    const FeatureShape& shape;
    int64_t sample, head, keys;
    Rows<const float> query, key, value;
    FeatureHead(const Args& args, int64_t task)
        : shape(args.shape), sample(task / args.shape.heads), head(task % args.shape.heads) {
        const int64_t f = shape.features, stride = shape.heads * f;
        query = {args.query + sample * shape.queries * stride + head * f, stride};
        key = {args.key + sample * shape.keys * stride + head * f, stride};
        value = head_rows(args.value, sample, head);
        keys = shape.keys;
        if (shape.key_lengths != nullptr) keys = max(0, min(shape.key_lengths[sample], keys));
    }
};

void forward_head(const FeatureForward& args, int64_t task) {
    const FeatureHead<FeatureForward> own(args, task);
    const FeatureShape& shape = args.shape;
    const Rows<float> output = head_rows(args.output, own.sample, own.head);
    float* normaliser = args.normaliser + task * shape.queries;
    FeatureState state(args.state + task * feature_state_floats(shape), shape.features, shape.head_dim,
                       shape.logarithmic);
    if (!args.continued) {
        state.clear();
        if (own.keys == 0) {
            fill_rows(output, 0, shape.queries, shape.head_dim, 0.0F);
            for (int64_t i = 0; i < shape.queries; ++i) normaliser[i] = shape.logarithmic ? -infinity : 0.0F;
            return;
        }
    }
    float row[feature_row];
    const auto absorb = [&](int64_t j) HEED_INLINE {
        load_feature_row(own.value.at(j), shape.head_dim, row);
        state.absorb(own.key.at(j), row, 1.0F);
    };
    const auto answer = [&](int64_t i)
                            HEED_INLINE { normaliser[i] = state.answer(own.query.at(i), shape.floor, output.at(i)); };
    if (shape.causal) {
        for (int64_t t = 0; t < shape.queries; ++t) {
            if (t < own.keys) absorb(t);
            answer(t);
        }
        return;
    }
    for (int64_t j = 0; j < own.keys; ++j) absorb(j);
    for (int64_t i = 0; i < shape.queries; ++i) answer(i);
}

void feature_forward(const FeatureForward& args) {
    parallel_for(args.shape.batch * args.shape.heads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) forward_head(args, task);
    });
}

/// What a query brings to the gradients of keys: d output over its normaliser, and the part of that which comes from
/// the normaliser.
struct QueryGradient {
    float d_output[feature_row];
    float row_dot;       ///< d output . output
    float normaliser;    ///< its logarithm where features are logarithms
    bool has_key;        ///< else all its gradients are 0
    float share_of_sum;  ///< 0 where the floor took the place of the normaliser
};

HEED_SIMD void load_query_gradient(const FeatureBackward& args, const FeatureHead<FeatureBackward>& own, int64_t i,
                                   QueryGradient* to) {
    const FeatureShape& shape = args.shape;
    load_feature_row(head_rows(args.d_output, own.sample, own.head).at(i), shape.head_dim, to->d_output);
    to->row_dot = 0;
    const float* output = head_rows(args.output, own.sample, own.head).at(i);
    vf sum = zero();
    for_lanes(shape.head_dim, [&](int64_t x, int64_t count)
                                  HEED_INLINE { sum = fma(load(to->d_output + x), load(output + x, count), sum); });
    to->row_dot = hsum(sum);
    const float normaliser = args.normaliser[(own.sample * shape.heads + own.head) * shape.queries + i];
    to->normaliser = normaliser;
    to->has_key = own.keys > 0;
    to->share_of_sum = 1;
    if (shape.logarithmic) {
        to->has_key = to->has_key && normaliser != -infinity;
    } else if (normaliser < shape.floor) {
        to->normaliser = shape.floor;
        to->share_of_sum = 0;
    }
}

/// d features of queries: a walk as in forward.
void backward_queries(const FeatureBackward& args, const FeatureHead<FeatureBackward>& own, FeatureState& state) {
    const FeatureShape& shape = args.shape;
    float row[feature_row];
    QueryGradient gradient;
    state.clear();
    const auto absorb = [&](int64_t j) HEED_INLINE {
        load_feature_row(own.value.at(j), shape.head_dim, row);
        state.absorb(own.key.at(j), row, 1.0F);
    };
    const int64_t stride = shape.heads * shape.features;
    float* d_query = args.d_query + own.sample * shape.queries * stride + own.head * shape.features;
    const auto answer = [&](int64_t i) HEED_INLINE {
        load_query_gradient(args, own, i, &gradient);
        float* to = d_query + i * stride;
        if (!gradient.has_key) {
            for (int64_t c = 0; c < shape.features; ++c) to[c] = 0;
            return;
        }
        float factors[largest_features];
        if (shape.logarithmic) {
            state.times_exp(own.query.at(i), -gradient.normaliser, factors);
        } else {
            for (int64_t c = 0; c < shape.features; ++c) factors[c] = 1 / gradient.normaliser;
        }
        for (int64_t c = 0; c < shape.features; ++c) {
            to[c] = factors[c] *
                    (state.dot(c, gradient.d_output) - gradient.share_of_sum * state.sum(c) * gradient.row_dot);
        }
    };
    if (shape.causal) {
        for (int64_t t = 0; t < shape.queries; ++t) {
            if (t < own.keys) absorb(t);
            answer(t);
        }
        return;
    }
    for (int64_t j = 0; j < own.keys; ++j) absorb(j);
    for (int64_t i = 0; i < shape.queries; ++i) answer(i);
}

/// d features of keys and d values: a walk from the end, in which queries are what a state absorbs.
void backward_keys(const FeatureBackward& args, const FeatureHead<FeatureBackward>& own, FeatureState& state) {
    const FeatureShape& shape = args.shape;
    const int64_t features = shape.features, stride = shape.heads * features;
    float* d_key = args.d_key + own.sample * shape.keys * stride + own.head * features;
    const Rows<float> d_value = head_rows(args.d_value, own.sample, own.head);
    QueryGradient gradient;
    float row[feature_row];
    float scratch[largest_features];
    state.clear();
    const auto absorb = [&](int64_t i) HEED_INLINE {
        load_query_gradient(args, own, i, &gradient);
        if (!gradient.has_key) return;
        const float* query = own.query.at(i);
        if (shape.logarithmic) {
            for (int64_t c = 0; c < features; ++c) scratch[c] = query[c] - gradient.normaliser;
        } else {
            for (int64_t c = 0; c < features; ++c) scratch[c] = query[c] / gradient.normaliser;
        }
        state.absorb(scratch, gradient.d_output, gradient.share_of_sum * gradient.row_dot);
    };
    const auto answer = [&](int64_t j) HEED_INLINE {
        load_feature_row(own.value.at(j), shape.head_dim, row);
        const float* key = own.key.at(j);
        float* to = d_key + j * stride;
        if (shape.logarithmic) {
            state.times_exp(key, 0.0F, scratch);
            for (int64_t c = 0; c < features; ++c) to[c] = scratch[c] * (state.dot(c, row) - state.sum(c));
            state.add_mixture(scratch, d_value.at(j));
        } else {
            for (int64_t c = 0; c < features; ++c) to[c] = state.dot(c, row) - state.sum(c);
            state.add_mixture(key, d_value.at(j));
        }
    };
    for (int64_t j = own.keys; j < shape.keys; ++j) {
        for (int64_t c = 0; c < features; ++c) d_key[j * stride + c] = 0;
    }
    if (shape.causal) {
        for (int64_t t = shape.queries - 1; t >= 0; --t) {
            absorb(t);
            if (t < own.keys) answer(t);
        }
        return;
    }
    for (int64_t i = 0; i < shape.queries; ++i) absorb(i);
    for (int64_t j = 0; j < own.keys; ++j) answer(j);
}

void feature_backward(const FeatureBackward& args) {
    const FeatureShape& shape = args.shape;
    parallel_for(shape.batch * shape.heads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const FeatureHead<FeatureBackward> own(args, task);
            FeatureState state(args.workspace + task * feature_state_floats(shape), shape.features, shape.head_dim,
                               shape.logarithmic);
            backward_queries(args, own, state);
            backward_keys(args, own, state);
        }
    });
}

struct WeightRows {
    const FeatureShape& shape;
    const float *query, *key;
    ConstHeadView value;
};

void feature_weights(const FeatureWeights& args) {
    const FeatureShape& shape = args.shape;
    parallel_for(shape.batch * shape.heads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const FeatureHead<WeightRows> own({shape, args.query, args.key, {}}, task);
            for (int64_t i = 0; i < shape.queries; ++i) {
                const float normaliser = args.normaliser[task * shape.queries + i];
                float* to = args.weights + (task * shape.queries + i) * shape.keys;
                const int64_t seen = shape.causal ? min(i + 1, own.keys) : own.keys;
                for (int64_t j = 0; j < shape.keys; ++j) {
                    to[j] = j < seen && normaliser != -infinity
                                ? feature_share(shape, own.query.at(i), own.key.at(j), normaliser)
                                : 0.0F;
                }
            }
        }
    });
}

void subtract_norms(const FeatureNorms& a) {
    parallel_for(a.batch * a.tokens, 64, [&](int64_t begin, int64_t end) {
        for (int64_t token = begin; token < end; ++token) {
            for (int64_t head = 0; head < a.heads; ++head) {
                const float* x = head_rows(a.x, token / a.tokens, head).at(token % a.tokens);
                vf sum = zero();
                for_lanes(a.head_dim, [&](int64_t c, int64_t count) HEED_INLINE {
                    const vf v = load(x + c, count);
                    sum = fma(v, v, sum);
                });
                const vf norm = broadcast(a.factor * hsum(sum));
                float* y = a.y + (token * a.heads + head) * a.features;
                for_lanes(a.features, [&](int64_t c, int64_t count)
                                          HEED_INLINE { store(y + c, load(y + c, count) - norm, count); });
            }
        }
    });
}

void norm_gradients(const FeatureNorms& a) {
    parallel_for(a.batch * a.tokens, 64, [&](int64_t begin, int64_t end) {
        for (int64_t token = begin; token < end; ++token) {
            for (int64_t head = 0; head < a.heads; ++head) {
                const float* dy = a.dy + (token * a.heads + head) * a.features;
                vf sum = zero();
                for_lanes(a.features, [&](int64_t c, int64_t count) HEED_INLINE { sum += load(dy + c, count); });
                const float total = hsum(sum);
                if (total == 0) continue;
                const vf factor = broadcast(-2 * a.factor * total);
                const float* x = head_rows(a.x, token / a.tokens, head).at(token % a.tokens);
                float* dx = head_rows(a.dx, token / a.tokens, head).at(token % a.tokens);
                for_lanes(a.head_dim, [&](int64_t c, int64_t count) HEED_INLINE {
                    store(dx + c, fma(factor, load(x + c, count), load(dx + c, count)), count);
                });
            }
        }
    });
}

/// Calls body(x, y, dx, sine, cosine) for each head of each token: y is the place of its features.
template <class Body>
void for_each_cosine_row(const CosineFeatures& a, const Body& body) {
    parallel_for(a.batch * a.tokens, 64, [&](int64_t begin, int64_t end) {
        for (int64_t token = begin; token < end; ++token) {
            const int64_t sample = token / a.tokens, place = token % a.tokens;
            const float longest = static_cast<float>(cosine_period(a, sample));
            const float angle = 1.57079633F / longest;
            const vf sine = broadcast(__builtin_sinf(angle * static_cast<float>(place + 1)));
            // At the end of the sequence exactly 0.
            const vf cosine = broadcast(__builtin_sinf(angle * (longest - static_cast<float>(place + 1))));
            for (int64_t head = 0; head < a.heads; ++head) {
                const int64_t row = (token * a.heads + head) * 2 * a.head_dim;
                body(sample, head, place, row, sine, cosine);
            }
        }
    });
}

void cosine(const CosineFeatures& a) {
    for_each_cosine_row(a, [&](int64_t sample, int64_t head, int64_t place, int64_t row, vf sine, vf cosine_of) {
        const float* x = head_rows(a.x, sample, head).at(place);
        float* y = a.y + row;
        for_lanes(a.head_dim, [&](int64_t c, int64_t count) HEED_INLINE {
            const vf positive = vmax(zero(), load(x + c, count));
            store(y + c, positive * sine, count);
            store(y + a.head_dim + c, positive * cosine_of, count);
        });
    });
}

void cosine_backward(const CosineFeatures& a) {
    for_each_cosine_row(a, [&](int64_t sample, int64_t head, int64_t place, int64_t row, vf sine, vf cosine_of) {
        const float* x = head_rows(a.x, sample, head).at(place);
        float* dx = head_rows(a.dx, sample, head).at(place);
        const float* dy = a.dy + row;
        for_lanes(a.head_dim, [&](int64_t c, int64_t count) HEED_INLINE {
            const vf slope = sine * load(dy + c, count) + cosine_of * load(dy + a.head_dim + c, count);
            const vf positive = select(load(x + c, count) <= 0.0F, zero(), slope);
            store(dx + c, load(dx + c, count) + positive, count);
        });
    });
}

/// Calls body(sample, head, real tokens, number of the first component of y) for each head of each sample.
template <class Body>
void for_each_segmented_head(const Segments& a, const Body& body) {
    parallel_for(a.batch * a.heads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t sample = task / a.heads;
            int64_t n = a.tokens;
            if (a.lengths != nullptr) n = max(0, min(a.lengths[sample], n));
            body(sample, task % a.heads, n, task * a.segments * a.head_dim);
        }
    });
}

void segment_means(const Segments& a) {
    for_each_segmented_head(a, [&](int64_t sample, int64_t head, int64_t n, int64_t first) {
        const Rows<const float> x = head_rows(a.x, sample, head);
        for (int64_t segment = 0; segment < a.segments; ++segment) {
            float* y = a.y + first + segment * a.head_dim;
            const int64_t begin = a.begin(segment, n), end = a.end(segment, n);
            const vf share = broadcast(end > begin ? 1.0F / static_cast<float>(end - begin) : 0.0F);
            for_lanes(a.head_dim, [&](int64_t c, int64_t count) HEED_INLINE {
                vf sum = zero();
                for (int64_t t = begin; t < end; ++t) sum += load(x.at(t) + c, count);
                store(y + c, sum * share, count);
            });
        }
    });
}

void segment_means_backward(const Segments& a) {
    for_each_segmented_head(a, [&](int64_t sample, int64_t head, int64_t n, int64_t first) {
        const Rows<float> dx = head_rows(a.dx, sample, head);
        for (int64_t segment = 0; segment < a.segments; ++segment) {
            const float* dy = a.dy + first + segment * a.head_dim;
            const int64_t begin = a.begin(segment, n), end = a.end(segment, n);
            const vf share = broadcast(end > begin ? 1.0F / static_cast<float>(end - begin) : 0.0F);
            for_lanes(a.head_dim, [&](int64_t c, int64_t count) HEED_INLINE {
                const vf part = load(dy + c, count) * share;
                for (int64_t t = begin; t < end; ++t) store(dx.at(t) + c, load(dx.at(t) + c, count) + part, count);
            });
        }
    });
}

int64_t state_floats(const FeatureShape& shape) {
    return shape.heads * feature_state_floats(shape);
}

int64_t feature_workspace(const FeatureShape& shape) {
    return shape.batch * state_floats(shape);
}

}  // namespace

extern const FeatureKernels feature;
const FeatureKernels feature = {feature_forward,        feature_backward, feature_weights,  subtract_norms,
                                norm_gradients,         cosine,           cosine_backward,  segment_means,
                                segment_means_backward, state_floats,     feature_workspace};

}  // namespace heed::HEED_ISA
