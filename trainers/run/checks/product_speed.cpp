#include "heed/trainers/run/checks/product_speed.h"

#include <fmt/format.h>

#include "heed/core/device/context.h"
#include "heed/core/device/product_rate.h"

namespace heed {

namespace {

double short_product_rate(Precision precision) {
    constexpr double long_enough = 0.002, budget = 0.02;  // seconds
    Context context("cpu", precision);
    return product_rate(context, long_enough, budget);
}

}  // namespace

std::string slow_products_warning(Precision precision, double rate, double f32_rate) {
    constexpr double tolerance = 1.1;
    if (f32_rate < tolerance * rate) return {};
    return fmt::format(
        "warning: a product in {} takes {:.1f} times as long as one in f32 on this processor: precision=f32 is faster",
        name_of(precision), f32_rate / rate);
}

std::string slow_products_warning(const std::string& device, Precision precision) {
    if (device != "cpu" || precision == Precision::f32) return {};
    return slow_products_warning(precision, short_product_rate(precision), short_product_rate(Precision::f32));
}

}  // namespace heed
