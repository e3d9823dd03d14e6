#include "heed/core/settings/span.h"

#include <cmath>

#include "heed/core/settings/number_text.h"

namespace heed {
namespace {

bool remove_suffix(std::string_view& text, std::string_view suffix) {
    if (!text.ends_with(suffix)) return false;
    text.remove_suffix(suffix.size());
    while (text.ends_with(' ')) text.remove_suffix(1);
    return true;
}

}  // namespace

int64_t Span::in_steps(int64_t total_steps, double steps_per_epoch) const {
    switch (unit) {
        case Unit::percent:
            return std::llround(amount / 100 * static_cast<double>(total_steps));
        case Unit::epochs:
            return std::llround(amount * steps_per_epoch);
        case Unit::steps:
            break;
    }
    return std::llround(amount);
}

std::string Span::text() const {
    switch (unit) {
        case Unit::percent:
            return format_double(amount) + "%";
        case Unit::epochs:
            return format_double(amount) + (amount == 1 ? " epoch" : " epochs");
        case Unit::steps:
            break;
    }
    return std::to_string(std::llround(amount));
}

bool parse_span(std::string_view text, Span& span) {
    constexpr double most = 1e15;  // every whole number up to here is exact in a double
    double amount = 0;
    if (remove_suffix(text, "%")) {
        if (!parse_double(text, amount) || amount < 0 || amount > 100) return false;
        span = Span::percent(amount);
        return true;
    }
    if (remove_suffix(text, "epochs") || remove_suffix(text, "epoch")) {
        if (!parse_double(text, amount) || amount < 0 || amount > most) return false;
        span = Span::epochs(amount);
        return true;
    }
    if (!remove_suffix(text, "steps")) remove_suffix(text, "step");
    int64_t steps = 0;
    if (!parse_int(text, steps) || steps < 0 || static_cast<double>(steps) > most) return false;
    span = Span::steps(steps);
    return true;
}

}  // namespace heed
