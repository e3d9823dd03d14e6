#include "heed/tests/definitions/tokens.h"

#include <cmath>

namespace heed::definitions {

namespace {

double at(const Values& x, const TokenSizes& sizes, int64_t sample, int64_t token, int64_t feature) {
    return x[static_cast<std::size_t>((sample * sizes.tokens + token) * sizes.dim + feature)];
}

/// One value for each sample and feature, made by f(sample, feature).
template <class F>
Values pooled(const TokenSizes& sizes, const F& f) {
    Values y;
    for (int64_t sample = 0; sample < sizes.batch; ++sample) {
        for (int64_t feature = 0; feature < sizes.dim; ++feature) y.push_back(f(sample, feature));
    }
    return y;
}

}  // namespace

Values embedding(const Values& table, const Integers& ids, int64_t dim, double factor) {
    Values y;
    for (const int64_t id : ids) {
        for (int64_t j = 0; j < dim; ++j) y.push_back(factor * table[static_cast<std::size_t>(id * dim + j)]);
    }
    return y;
}

Values to_patches(const Values& images, const ImageSizes& sizes, int64_t patch, int64_t overlap) {
    const auto pixel = [&](int64_t b, int64_t c, int64_t y, int64_t x) {
        if (y < 0 || x < 0 || y >= sizes.height || x >= sizes.width) return 0.0;
        return images[static_cast<std::size_t>(((b * sizes.channels + c) * sizes.height + y) * sizes.width + x)];
    };
    Values features;
    for (int64_t b = 0; b < sizes.batch; ++b) {
        for (int64_t top = 0; top < sizes.height; top += patch) {
            for (int64_t left = 0; left < sizes.width; left += patch) {
                for (int64_t c = 0; c < sizes.channels; ++c) {
                    for (int64_t y = top - overlap; y < top + patch + overlap; ++y) {
                        for (int64_t x = left - overlap; x < left + patch + overlap; ++x) {
                            features.push_back(pixel(b, c, y, x));
                        }
                    }
                }
            }
        }
    }
    return features;
}

Values assemble_tokens(const Values& x, const Values& class_token, const Values& positions, const TokenSizes& sizes) {
    const int64_t before = class_token.empty() ? 0 : 1;
    Values y;
    for (int64_t b = 0; b < sizes.batch; ++b) {
        for (int64_t t = 0; t < sizes.tokens + before; ++t) {
            for (int64_t j = 0; j < sizes.dim; ++j) {
                const double token =
                    t < before ? class_token[static_cast<std::size_t>(j)] : at(x, sizes, b, t - before, j);
                const double position = positions.empty() ? 0 : positions[static_cast<std::size_t>(t * sizes.dim + j)];
                y.push_back(token + position);
            }
        }
    }
    return y;
}

Values pool_first(const Values& x, const TokenSizes& sizes) {
    return pooled(sizes, [&](int64_t b, int64_t j) { return at(x, sizes, b, 0, j); });
}

Values pool_second(const Values& x, const TokenSizes& sizes) {
    return pooled(sizes, [&](int64_t b, int64_t j) { return at(x, sizes, b, 1, j); });
}

Values pool_mean(const Values& x, const Integers& lengths, const TokenSizes& sizes) {
    return pooled(sizes, [&](int64_t b, int64_t j) {
        const int64_t length = lengths.empty() ? sizes.tokens : lengths[static_cast<std::size_t>(b)];
        double sum = 0;
        for (int64_t t = 0; t < length; ++t) sum += at(x, sizes, b, t, j);
        return length == 0 ? 0 : sum / static_cast<double>(length);
    });
}

Values pool_max(const Values& x, const Integers& lengths, const TokenSizes& sizes) {
    return pooled(sizes, [&](int64_t b, int64_t j) {
        const int64_t length = lengths.empty() ? sizes.tokens : lengths[static_cast<std::size_t>(b)];
        if (length == 0) return 0.0;
        double best = at(x, sizes, b, 0, j);
        for (int64_t t = 1; t < length; ++t) {
            const double value = at(x, sizes, b, t, j);
            if (std::isnan(value) || value > best) best = value;
            if (std::isnan(best)) break;
        }
        return best;
    });
}

Values mix_tokens(const Values& x, const Values& weight, int64_t n, const Integers& lengths, bool causal,
                  const TokenSizes& sizes) {
    Values y;
    for (int64_t b = 0; b < sizes.batch; ++b) {
        const int64_t length = lengths.empty() ? sizes.tokens : lengths[static_cast<std::size_t>(b)];
        for (int64_t t = 0; t < sizes.tokens; ++t) {
            for (int64_t c = 0; c < sizes.dim; ++c) {
                double sum = 0;
                for (int64_t u = 0; u < (causal ? t + 1 : sizes.tokens); ++u) {
                    const std::size_t from = static_cast<std::size_t>((b * sizes.tokens + u) * sizes.dim + c);
                    sum += weight[static_cast<std::size_t>(t * n + u)] * (u < length ? x[from] : 0.0);
                }
                y.push_back(sum);
            }
        }
    }
    return y;
}

Values last_tokens(const Values& x, const TokenSizes& sizes, int64_t count) {
    Values y;
    for (int64_t b = 0; b < sizes.batch; ++b) {
        for (int64_t token = sizes.tokens - count; token < sizes.tokens; ++token) {
            for (int64_t j = 0; j < sizes.dim; ++j) {
                y.push_back(x[static_cast<std::size_t>((b * sizes.tokens + token) * sizes.dim + j)]);
            }
        }
    }
    return y;
}

Values first_tokens(const Values& x, const TokenSizes& sizes, int64_t count) {
    Values y;
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (static_cast<int64_t>(i) / sizes.dim % sizes.tokens < count) y.push_back(x[i]);
    }
    return y;
}

Values real_tokens(const Values& x, const Integers& lengths, const TokenSizes& sizes) {
    Values y = x;
    for (std::size_t i = 0; i < y.size() && !lengths.empty(); ++i) {
        const int64_t token = static_cast<int64_t>(i) / sizes.dim;
        if (token % sizes.tokens >= lengths[static_cast<std::size_t>(token / sizes.tokens)]) y[i] = 0;
    }
    return y;
}

}  // namespace heed::definitions
