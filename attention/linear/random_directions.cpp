#include "heed/attention/linear/random_directions.h"

#include <cmath>
#include <span>

namespace heed {

namespace {

double length_of(std::span<const double> vector) {
    double sum = 0;
    for (const double each : vector) sum += each * each;
    return std::sqrt(sum);
}

/// Takes the part along `unit` out of `vector`.
void take_out(std::span<const double> unit, std::span<double> vector) {
    double product = 0;
    for (size_t i = 0; i < vector.size(); ++i) product += unit[i] * vector[i];
    for (size_t i = 0; i < vector.size(); ++i) vector[i] -= product * unit[i];
}

}  // namespace

std::vector<float> orthogonal_directions(RandomKey key, int64_t heads, int64_t features, int64_t head_dim) {
    const auto width = static_cast<size_t>(head_dim);
    std::vector<float> directions;
    directions.reserve(static_cast<size_t>(heads * features) * width);
    std::vector<double> units(width * width), lengths(width);
    for (int64_t head = 0; head < heads; ++head) {
        RandomSequence sequence(key, static_cast<uint32_t>(head));
        const auto normal_vector = [&](std::span<double> to) {
            for (double& each : to) each = sequence.normal();
        };
        for (int64_t feature = 0; feature < features; ++feature) {
            const size_t row = static_cast<size_t>(feature) % width;
            const std::span<double> unit(units.data() + row * width, width);
            // The length of another vector: that of this one would depend on its direction once it is made orthogonal.
            normal_vector(lengths);
            const double length = length_of(lengths);
            normal_vector(unit);
            for (int pass = 0; pass < 2; ++pass) {  // twice, against rounding
                for (size_t other = 0; other < row; ++other) {
                    take_out(std::span<const double>(units.data() + other * width, width), unit);
                }
            }
            const double norm = length_of(unit);
            for (double& each : unit) {
                each /= norm;
                directions.push_back(static_cast<float>(each * length));
            }
        }
    }
    return directions;
}

}  // namespace heed
