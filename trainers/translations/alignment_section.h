#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "heed/trainers/translations/alignment.h"

namespace heed {

/// What has to be known to read the pictures.
std::string alignment_legend();

/// Pictures of one translation: for each layer source tokens x target tokens, mean over the heads, and each head small.
/// Of sentences of more than 96 tokens and beyond 12 layers and 16 heads it says that they are not drawn.
std::string alignment_html(const Alignment& alignment);

/// Alignments that a page of their own has at most.
inline constexpr size_t most_alignments = 100;

/// A page of its own, of the first ones of `all` translations. `remark` stands below its title and may be empty.
std::string alignment_page(const std::vector<Alignment>& alignments, size_t all, const std::string& title,
                           const std::string& remark);

}  // namespace heed
