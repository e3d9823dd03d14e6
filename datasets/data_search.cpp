#include "heed/datasets/data_search.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "heed/core/error.h"
#include "heed/core/nearest_name.h"

namespace heed {

namespace fs = std::filesystem;

namespace {

bool is_there(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

std::vector<fs::path> default_roots() {
    std::vector<fs::path> roots;
    const char* text = std::getenv("HEED_DATA");
    std::string_view rest = text != nullptr ? text : "";
    while (!rest.empty()) {
        const std::string_view entry = rest.substr(0, rest.find(':'));
        if (!entry.empty()) {
            roots.emplace_back(entry);
        }
        rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
    }
    roots.emplace_back("data");
    roots.emplace_back("/usr/share/datasets");
    return roots;
}

/// Name of the last folder of a path, with or without a slash at its end.
std::string last_name(const fs::path& path) {
    return path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
}

std::vector<fs::path> candidates(const DataSearch& search, const std::string& root) {
    std::vector<fs::path> result;
    const auto add_subfolders = [&](const fs::path& place) {
        for (const std::string& folder : search.folders) {
            result.push_back(place / folder);
        }
    };
    if (!root.empty()) {
        result.emplace_back(root);
        add_subfolders(root);
        return result;
    }
    for (const fs::path& place : default_roots()) {
        add_subfolders(place);
        if (std::find(search.folders.begin(), search.folders.end(), last_name(place)) != search.folders.end()) {
            result.push_back(place);
        }
    }
    return result;
}

}  // namespace

fs::path find_data_folder(const DataSearch& search, const std::string& root) {
    if (!root.empty() && !is_there(root)) {
        throw UserError(fmt::format("expected the folder of {} at data.root '{}', found none; {}", search.name, root,
                                    search.how_to_get));
    }
    const std::vector<fs::path> places = candidates(search, root);
    for (const fs::path& place : places) {
        if (std::any_of(search.files.begin(), search.files.end(),
                        [&](const std::string& file) { return is_there(place / file); })) {
            return place;
        }
    }
    std::vector<std::string> texts;
    for (const fs::path& place : places) {
        texts.push_back("'" + place.string() + "'");
    }
    throw UserError(
        fmt::format("the data set {} was not found in {}; {}", search.name, listed(texts, " or "), search.how_to_get));
}

fs::path find_data_file(const fs::path& folder, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        if (is_there(folder / name)) {
            return folder / name;
        }
    }
    throw UserError(fmt::format("expected {} in '{}', found none", listed(names, " or "), folder.string()));
}

}  // namespace heed
