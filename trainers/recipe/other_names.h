#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heed {

/// What other trainers call a setting, and the keys of a recipe that it may mean.
struct OtherName {
    std::string_view word;  // in lower case, with _ between its parts
    std::vector<std::string_view> keys;
};

/// All of them, sorted by word.
const std::vector<OtherName>& other_names();

/// "data.batch or data.tokens" for batch_size (case and - or _ do not count); empty for words that are not in the
/// table.
std::string keys_of_other_name(std::string_view word);

}  // namespace heed
