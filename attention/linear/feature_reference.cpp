#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "heed/attention/heads/reference_heads.h"
#include "heed/attention/linear/feature_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace feature_device {

namespace {

using namespace reference;

/// The sums of a head as the kernels of the processor have them, in double precision.
struct State {
    double *greatest, *sums, *rows;
    int64_t features, head_dim;
    bool logarithmic;

    State(double* memory, const FeatureShape& shape)
        : greatest(memory),
          sums(memory + shape.features),
          rows(memory + 2 * shape.features),
          features(shape.features),
          head_dim(shape.head_dim),
          logarithmic(shape.logarithmic) {}

    static int64_t doubles(const FeatureShape& shape) { return shape.features * (2 + shape.head_dim); }

    void clear() {
        std::fill_n(greatest, features, -infinity);
        std::fill_n(sums, features * (1 + head_dim), 0.0);
    }

    void absorb(int64_t c, double feature, const float* row, double number) {
        double factor = feature;
        if (logarithmic) {
            if (feature > greatest[c]) {
                const double rescaling = std::exp(greatest[c] - feature);
                greatest[c] = feature;
                sums[c] *= rescaling;
                for (int64_t x = 0; x < head_dim; ++x) rows[c * head_dim + x] *= rescaling;
            }
            factor = feature == -infinity ? 0 : std::exp(feature - greatest[c]);
        }
        sums[c] += factor * number;
        for (int64_t x = 0; x < head_dim; ++x) rows[c * head_dim + x] += factor * row[x];
    }

    double dot(int64_t c, const float* row) const {
        double sum = 0;
        for (int64_t x = 0; x < head_dim; ++x) sum += rows[c * head_dim + x] * row[x];
        return sum;
    }
};

template <class Args>
struct Head {
    const FeatureShape& shape;
    const Args& args;
    int64_t b, h, keys;

    const float* query(int64_t i) const { return feature_row(args.query, shape.queries, i); }
    const float* key(int64_t j) const { return feature_row(args.key, shape.keys, j); }
    template <class Float>
    Float* feature_row(Float* rows, int64_t tokens, int64_t token) const {
        return reference_address(rows) + ((b * tokens + token) * shape.heads + h) * shape.features;
    }
    int64_t first_row() const { return (b * shape.heads + h) * shape.queries; }
    int64_t seen_by(int64_t query_number) const { return shape.causal ? std::min(query_number + 1, keys) : keys; }
};

template <class Args, class Body>
void for_each_head(const Args& args, const Body& body) {
    const FeatureShape& shape = args.shape;
    for (int64_t b = 0; b < shape.batch; ++b) {
        for (int64_t h = 0; h < shape.heads; ++h) {
            body(Head<Args>{shape, args, b, h, real_length(shape.key_lengths, b, shape.keys)});
        }
    }
}

void forward(const FeatureForward& args) {
    const FeatureShape& shape = args.shape;
    for_each_head(args, [&](const Head<FeatureForward>& head) {
        State state(reinterpret_cast<double*>(reference_address(args.state)) +
                        (head.b * shape.heads + head.h) * State::doubles(shape),
                    shape);
        if (!args.continued) state.clear();
        const bool empty = !args.continued && head.keys == 0;
        std::vector<double> factors(static_cast<size_t>(shape.features));
        int64_t absorbed = 0;
        const auto absorb_up_to = [&](int64_t end) {
            for (; absorbed < end; ++absorbed) {
                for (int64_t c = 0; c < shape.features; ++c) {
                    state.absorb(c, head.key(absorbed)[c], row(args.value, head.b, head.h, absorbed), 1);
                }
            }
        };
        if (!shape.causal) absorb_up_to(head.keys);
        for (int64_t i = 0; i < shape.queries; ++i) {
            absorb_up_to(head.seen_by(i));
            double largest = -infinity;
            for (int64_t c = 0; c < shape.features; ++c) {
                factors[c] = head.query(i)[c];
                if (shape.logarithmic) factors[c] += state.greatest[c];
                if (factors[c] > largest) largest = factors[c];
            }
            const double shift = shape.logarithmic && largest != -infinity ? largest : 0;
            double sum = 0;
            for (int64_t c = 0; c < shape.features; ++c) {
                if (shape.logarithmic) factors[c] = std::exp(factors[c] - shift);
                sum += factors[c] * state.sums[c];
            }
            const double divisor = !shape.logarithmic && sum < shape.floor ? shape.floor : sum;
            for (int64_t x = 0; x < shape.head_dim; ++x) {
                double mixed = 0;
                for (int64_t c = 0; c < shape.features; ++c) mixed += factors[c] * state.rows[c * shape.head_dim + x];
                row(args.output, head.b, head.h, i)[x] =
                    empty || divisor == 0 ? 0.0F : static_cast<float>(mixed / divisor);
            }
            const double normaliser = shape.logarithmic ? shift + std::log(sum) : sum;
            reference_address(args.normaliser)[head.first_row() + i] =
                static_cast<float>(empty ? (shape.logarithmic ? -infinity : 0) : normaliser);
        }
    });
}

/// k(q, k) over the normaliser: from the feature c alone.
double share(const FeatureShape& shape, double query, double key, double normaliser) {
    return shape.logarithmic ? std::exp(query + key - normaliser)
                             : query * key / (normaliser < shape.floor ? shape.floor : normaliser);
}

void backward(const FeatureBackward& args) {
    const FeatureShape& shape = args.shape;
    for_each_head(args, [&](const Head<FeatureBackward>& head) {
        std::vector<double> d_query(static_cast<size_t>(shape.features));
        std::vector<double> d_key(static_cast<size_t>(shape.keys * shape.features), 0.0);
        std::vector<double> d_value(static_cast<size_t>(shape.keys * shape.head_dim), 0.0);
        for (int64_t i = 0; i < shape.queries; ++i) {
            const double normaliser = reference_address(args.normaliser)[head.first_row() + i];
            const float* d_output = row(args.d_output, head.b, head.h, i);
            const bool clamped = !shape.logarithmic && normaliser < shape.floor;
            const double row_dot = clamped ? 0 : dot(d_output, row(args.output, head.b, head.h, i), shape.head_dim);
            const bool has_key = head.keys > 0 && !(shape.logarithmic && normaliser == -infinity);
            std::fill(d_query.begin(), d_query.end(), 0.0);
            for (int64_t j = 0; has_key && j < head.seen_by(i); ++j) {
                const float* value = row(args.value, head.b, head.h, j);
                const double slope = dot(d_output, value, shape.head_dim) - row_dot;
                for (int64_t c = 0; c < shape.features; ++c) {
                    const double query = head.query(i)[c], key = head.key(j)[c];
                    const double of_pair = share(shape, query, key, normaliser);
                    d_query[c] += slope * (shape.logarithmic ? of_pair : share(shape, 1, key, normaliser));
                    d_key[j * shape.features + c] +=
                        slope * (shape.logarithmic ? of_pair : share(shape, query, 1, normaliser));
                    for (int64_t x = 0; x < shape.head_dim; ++x) {
                        d_value[j * shape.head_dim + x] += of_pair * d_output[x];
                    }
                }
            }
            std::copy(d_query.begin(), d_query.end(), head.feature_row(args.d_query, shape.queries, i));
        }
        for (int64_t j = 0; j < shape.keys; ++j) {
            std::copy_n(d_key.begin() + j * shape.features, shape.features,
                        head.feature_row(args.d_key, shape.keys, j));
            for (int64_t x = 0; j < head.keys && x < shape.head_dim; ++x) {
                row(args.d_value, head.b, head.h, j)[x] += static_cast<float>(d_value[j * shape.head_dim + x]);
            }
        }
    });
}

void weights(const FeatureWeights& args) {
    const FeatureShape& shape = args.shape;
    for_each_head(args, [&](const Head<FeatureWeights>& head) {
        for (int64_t i = 0; i < shape.queries; ++i) {
            const double normaliser = reference_address(args.normaliser)[head.first_row() + i];
            float* to = reference_address(args.weights) + (head.first_row() + i) * shape.keys;
            for (int64_t j = 0; j < shape.keys; ++j) {
                double sum = 0;
                for (int64_t c = 0; c < shape.features && normaliser != -infinity; ++c) {
                    sum += share(shape, head.query(i)[c], head.key(j)[c], normaliser);
                }
                to[j] = j < head.seen_by(i) ? static_cast<float>(sum) : 0.0F;
            }
        }
    });
}

/// Calls body(sample, token, head, number of the first feature).
template <class Args, class Body>
void for_each_row(const Args& a, int64_t features, const Body& body) {
    int64_t first = 0;
    for (int64_t b = 0; b < a.batch; ++b) {
        for (int64_t t = 0; t < a.tokens; ++t) {
            for (int64_t h = 0; h < a.heads; ++h, first += features) body(b, t, h, first);
        }
    }
}

void subtract_norms(const FeatureNorms& a) {
    for_each_row(a, a.features, [&](int64_t b, int64_t t, int64_t h, int64_t first) {
        const float* x = row(a.x, b, h, t);
        const double norm = a.factor * dot(x, x, a.head_dim);
        float* y = reference_address(a.y) + first;
        for (int64_t c = 0; c < a.features; ++c) y[c] = static_cast<float>(y[c] - norm);
    });
}

void norm_gradients(const FeatureNorms& a) {
    for_each_row(a, a.features, [&](int64_t b, int64_t t, int64_t h, int64_t first) {
        double sum = 0;
        for (int64_t c = 0; c < a.features; ++c) sum += reference_address(a.dy)[first + c];
        if (sum == 0) return;
        for (int64_t x = 0; x < a.head_dim; ++x) {
            row(a.dx, b, h, t)[x] += static_cast<float>(-2 * a.factor * sum * row(a.x, b, h, t)[x]);
        }
    });
}

struct Angles {
    double sine, cosine;
};

Angles angles(const CosineFeatures& a, int64_t b, int64_t t) {
    const int64_t longest =
        std::max<int64_t>({1, real_length(a.lengths, b, a.tokens), real_length(a.other_lengths, b, a.other_tokens)});
    const double angle = std::numbers::pi / 2 / static_cast<double>(longest);
    return {std::sin(angle * static_cast<double>(t + 1)), std::sin(angle * static_cast<double>(longest - t - 1))};
}

void cosine(const CosineFeatures& a) {
    for_each_row(a, 2 * a.head_dim, [&](int64_t b, int64_t t, int64_t h, int64_t first) {
        const auto [sine, cosine] = angles(a, b, t);
        float* y = reference_address(a.y) + first;
        for (int64_t c = 0; c < a.head_dim; ++c) {
            const float x = row(a.x, b, h, t)[c], positive = x < 0 ? 0.0F : x;
            y[c] = static_cast<float>(positive * sine);
            y[a.head_dim + c] = static_cast<float>(positive * cosine);
        }
    });
}

void cosine_backward(const CosineFeatures& a) {
    for_each_row(a, 2 * a.head_dim, [&](int64_t b, int64_t t, int64_t h, int64_t first) {
        const auto [sine, cosine] = angles(a, b, t);
        const float* dy = reference_address(a.dy) + first;
        for (int64_t c = 0; c < a.head_dim; ++c) {
            if (row(a.x, b, h, t)[c] <= 0) continue;
            row(a.dx, b, h, t)[c] += static_cast<float>(sine * dy[c] + cosine * dy[a.head_dim + c]);
        }
    });
}

/// Calls body(sample, head, first token, token behind the last, number of the first component of y).
template <class Body>
void for_each_segment(const Segments& a, const Body& body) {
    int64_t first = 0;
    for (int64_t b = 0; b < a.batch; ++b) {
        const int64_t n = real_length(a.lengths, b, a.tokens);
        for (int64_t h = 0; h < a.heads; ++h) {
            for (int64_t segment = 0; segment < a.segments; ++segment, first += a.head_dim) {
                body(b, h, a.begin(segment, n), a.end(segment, n), first);
            }
        }
    }
}

void segment_means(const Segments& a) {
    for_each_segment(a, [&](int64_t b, int64_t h, int64_t begin, int64_t end, int64_t first) {
        for (int64_t c = 0; c < a.head_dim; ++c) {
            double sum = 0;
            for (int64_t t = begin; t < end; ++t) sum += row(a.x, b, h, t)[c];
            reference_address(a.y)[first + c] =
                end > begin ? static_cast<float>(sum / static_cast<double>(end - begin)) : 0.0F;
        }
    });
}

void segment_means_backward(const Segments& a) {
    for_each_segment(a, [&](int64_t b, int64_t h, int64_t begin, int64_t end, int64_t first) {
        for (int64_t t = begin; t < end; ++t) {
            for (int64_t c = 0; c < a.head_dim; ++c) {
                row(a.dx, b, h, t)[c] += reference_address(a.dy)[first + c] / static_cast<float>(end - begin);
            }
        }
    });
}

int64_t state_floats(const FeatureShape& shape) {
    return 2 * shape.heads * State::doubles(shape);
}

int64_t workspace(const FeatureShape&) {
    return 0;
}

constexpr FeatureKernels kernels = {forward,  backward,        weights,       subtract_norms,         norm_gradients,
                                    cosine,   cosine_backward, segment_means, segment_means_backward, state_floats,
                                    workspace};

}  // namespace

}  // namespace feature_device

const FeatureKernels& feature_reference() {
    return feature_device::kernels;
}

}  // namespace heed
