#include "heed/attention/explanation/distribution_measures.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <vector>

namespace heed {

namespace {

double term_of_divergence(double p, double middle) {
    return p > 0 ? p * std::log(p / middle) : 0.0;
}

/// -1, 0 or 1 as a is less than b, equal to it, or greater. Without a branch, as no processor can foresee it.
int order_of(double a, double b) {
    constexpr double tie = 1e-12;
    return static_cast<int>(a > b + tie) - static_cast<int>(b > a + tie);
}

std::vector<size_t> top_keys(std::span<const double> p, size_t count) {
    std::vector<size_t> keys(p.size());
    std::iota(keys.begin(), keys.end(), size_t{0});
    std::stable_sort(keys.begin(), keys.end(), [&](size_t a, size_t b) { return p[a] > p[b]; });
    keys.resize(count);
    std::sort(keys.begin(), keys.end());
    return keys;
}

}  // namespace

double total_variation(std::span<const double> p, std::span<const double> q) {
    double sum = 0;
    for (size_t j = 0; j < p.size(); ++j) sum += std::abs(p[j] - q[j]);
    return 0.5 * sum;
}

double jensen_shannon(std::span<const double> p, std::span<const double> q) {
    double sum = 0;
    for (size_t j = 0; j < p.size(); ++j) {
        const double middle = 0.5 * (p[j] + q[j]);
        sum += term_of_divergence(p[j], middle) + term_of_divergence(q[j], middle);
    }
    return std::max(0.0, 0.5 * sum);
}

double entropy(std::span<const double> p) {
    double sum = 0;
    for (const double weight : p) sum -= term_of_divergence(weight, 1.0);
    return std::max(0.0, sum);
}

int64_t support_size(std::span<const double> p, double bound) {
    return std::count_if(p.begin(), p.end(), [&](double weight) { return weight > bound; });
}

double kendall_tau(std::span<const double> p, std::span<const double> q) {
    int64_t balance = 0, ordered_p = 0, ordered_q = 0;
    for (size_t i = 0; i < p.size(); ++i) {
        for (size_t j = 0; j < i; ++j) {
            const int in_p = order_of(p[i], p[j]), in_q = order_of(q[i], q[j]);
            balance += in_p * in_q;
            ordered_p += in_p * in_p;
            ordered_q += in_q * in_q;
        }
    }
    if (ordered_p == 0 && ordered_q == 0) return 1;
    if (ordered_p == 0 || ordered_q == 0) return 0;
    return static_cast<double>(balance) /
           (std::sqrt(static_cast<double>(ordered_p)) * std::sqrt(static_cast<double>(ordered_q)));
}

double top_overlap(std::span<const double> p, std::span<const double> q, int64_t count) {
    const size_t compared = std::min(p.size(), static_cast<size_t>(std::max<int64_t>(0, count)));
    if (compared == 0) return 1;
    const std::vector<size_t> of_p = top_keys(p, compared), of_q = top_keys(q, compared);
    std::vector<size_t> both;
    std::set_intersection(of_p.begin(), of_p.end(), of_q.begin(), of_q.end(), std::back_inserter(both));
    return static_cast<double>(both.size()) / static_cast<double>(compared);
}

}  // namespace heed
