#pragma once

#include <string>

#include "heed/datasets/text/parallel_data.h"
#include "heed/datasets/text/text_data.h"

namespace heed {

/// A checksum of all texts and labels, in their order: the SHA-256 in hexadecimal digits.
std::string fingerprint(const TextSplit& split);
/// The same of sources, targets and weights.
std::string fingerprint(const ParallelText& pairs);
/// The same of sources and all their references.
std::string fingerprint(const ReferenceText& sentences);

}  // namespace heed
