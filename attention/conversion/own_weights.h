#pragma once

#include <string>
#include <vector>

#include "heed/attention/attention.h"

namespace heed {

/// Copies from `old` to `now`, where they are of one type, the weights that other types know nothing of: all but those
/// of query, key, value and output and the alignment, or all where there is no projection of queries. Returns the names
/// within the layer of those of `now` that got nothing - from another type, or one of another size - and so stay what
/// they were.
std::vector<std::string> copy_own_weights(Attention& old, Attention& now);

}  // namespace heed
