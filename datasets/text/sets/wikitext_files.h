#pragma once

#include <string>
#include <vector>

#include "heed/datasets/files/data_search.h"

namespace heed {

/// Names that the file of a part (train, valid, test) of WikiText may have: with words between spaces, or raw.
std::vector<std::string> wikitext_names(const std::string& part);

/// Where WikiText-2 or -103 (`number`) is looked for.
DataSearch wikitext_search(const std::string& number);

}  // namespace heed
