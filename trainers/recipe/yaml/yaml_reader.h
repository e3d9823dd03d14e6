#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heed {

/// One line of a recipe file, in the file's order.
struct YamlEntry {
    enum class Kind { mapping, scalar, list };

    std::string key;  // with the keys around it, dotted: "model.dim"
    Kind kind = Kind::scalar;
    std::vector<std::string> items;  // one for a scalar, any number for a list, none for a mapping
    int line = 0;
};

/// Reads the part of YAML that recipes use: one document, keys with values, lists of values, comments. Everything else
/// (duplicate keys, merge keys, anchors, tags, second documents, values that are missing, lists of lists, tabs as
/// indentation, text that is not UTF-8) is refused with a UserError that names `file`, the line and the key.
std::vector<YamlEntry> read_yaml(std::string_view text, const std::string& file);

/// Whether the text is UTF-8 without control characters other than line ends and tabs.
bool is_clean_text(std::string_view text);

}  // namespace heed
