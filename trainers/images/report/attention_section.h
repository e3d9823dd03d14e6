#pragma once

#include <string>

#include "heed/datasets/images/image_data.h"
#include "heed/trainers/images/attention_inspection.h"

namespace heed {

/// The section on attention: entropy of the heads, maps over test images, patterns of pairs of tokens.
std::string attention_html(const AttentionInspection& inspection, const ImageData& data);

}  // namespace heed
