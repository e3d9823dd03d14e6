#pragma once

#include <span>
#include <string>

#include "heed/core/tensor/tensor.h"
#include "heed/trainers/kinds/requests.h"

namespace heed {

/// Prints the rows of `vectors` [samples, features], as the request has them: a line of numbers with blanks between
/// them, or a JSON object with the sample under `key` ("text") and its vector. A vector of zeros stays what it is.
void print_vectors(const Tensor& vectors, const std::string& key, std::span<const std::string> samples,
                   const PredictRequest& request);

}  // namespace heed
