#include "heed/tests/definitions/products.h"

namespace heed::definitions {

Values linear(const Values& x, const Values& weight, const Values& bias, int64_t in, int64_t out) {
    Values y;
    for (auto row = x.begin(); row != x.end(); row += in) {
        for (int64_t o = 0; o < out; ++o) {
            double sum = bias.empty() ? 0 : bias[static_cast<std::size_t>(o)];
            for (int64_t i = 0; i < in; ++i) sum += row[i] * weight[static_cast<std::size_t>(o * in + i)];
            y.push_back(sum);
        }
    }
    return y;
}

Values matmul(const Values& a, const Values& b, int64_t batch, int64_t m, int64_t k, int64_t n, bool transpose_b) {
    Values c;
    for (int64_t s = 0; s < batch; ++s) {
        for (int64_t i = 0; i < m; ++i) {
            for (int64_t j = 0; j < n; ++j) {
                double sum = 0;
                for (int64_t l = 0; l < k; ++l) {
                    const int64_t place = transpose_b ? (s * n + j) * k + l : (s * k + l) * n + j;
                    sum += a[static_cast<std::size_t>((s * m + i) * k + l)] * b[static_cast<std::size_t>(place)];
                }
                c.push_back(sum);
            }
        }
    }
    return c;
}

Values swap_middle_axes(const Values& x, int64_t batch, int64_t first, int64_t second, int64_t inner) {
    Values y;
    for (int64_t b = 0; b < batch; ++b) {
        for (int64_t s = 0; s < second; ++s) {
            for (int64_t f = 0; f < first; ++f) {
                for (int64_t i = 0; i < inner; ++i) {
                    y.push_back(x[static_cast<std::size_t>(((b * first + f) * second + s) * inner + i)]);
                }
            }
        }
    }
    return y;
}

}  // namespace heed::definitions
