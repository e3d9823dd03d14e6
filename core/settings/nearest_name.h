#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace heed {

/// The candidate that was probably meant by `name`: few letters apart (swapped neighbours count once; case, - or _ and
/// letters of other alphabets that look alike do not count), the longer or shorter form of it (batch_size, batch), or
/// its initials (learning_rate, lr). Empty when none is near; the first of equals.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

/// " (did you mean dim?)" when a candidate is near, else nothing: to be appended to an error.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

/// "a, b and c": names, of which a file may declare many and long ones, as an error lists them (printable): of more
/// than `most`, "a, b, c and 29980 more".
std::string listed(const std::vector<std::string>& names, std::string_view last_separator = " and ", size_t most = 20);

}  // namespace heed
