#include "heed/datasets/files/data_search.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/datasets/catalogue/catalogue.h"

namespace heed {

namespace fs = std::filesystem;

namespace {

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
    for (const fs::path& place : data_places()) {
        add_subfolders(place);
        if (std::find(search.folders.begin(), search.folders.end(), last_name(place)) != search.folders.end()) {
            result.push_back(place);
        }
    }
    return result;
}

/// The first of `places` with one of the files; an empty path where none has.
fs::path first_match(const DataSearch& search, const std::vector<fs::path>& places) {
    for (const fs::path& place : places) {
        if (std::any_of(search.files.begin(), search.files.end(),
                        [&](const std::string& file) { return path_exists(place / file); })) {
            return place;
        }
    }
    return {};
}

/// How the data set is got, for the end of an error.
std::string advice(const DataSearch& search) {
    if (find_in_catalogue(search.name) == nullptr) return search.how_to_get;
    return fmt::format("get it with 'heed data get {}', or {}", search.name, search.how_to_get);
}

}  // namespace

std::vector<fs::path> data_places() {
    std::vector<fs::path> places;
    const char* text = std::getenv("HEED_DATA");
    std::string_view rest = text != nullptr ? text : "";
    while (!rest.empty()) {
        const std::string_view entry = rest.substr(0, rest.find(':'));
        if (!entry.empty()) {
            places.emplace_back(entry);
        }
        rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
    }
    places.emplace_back("data");
    places.emplace_back("/usr/share/datasets");
    return places;
}

fs::path look_for_data(const DataSearch& search) {
    return first_match(search, candidates(search, ""));
}

fs::path find_data_folder(const DataSearch& search, const std::string& root) {
    if (!root.empty() && !path_exists(root)) {
        throw UserError(fmt::format("expected the folder of {} at data.root '{}', found none; {}", search.name, root,
                                    advice(search)));
    }
    const std::vector<fs::path> places = candidates(search, root);
    if (fs::path folder = first_match(search, places); !folder.empty()) {
        return folder;
    }
    std::vector<std::string> texts;
    for (const fs::path& place : places) {
        texts.push_back("'" + place.string() + "'");
    }
    throw UserError(
        fmt::format("the data set {} was not found in {}; {}", search.name, listed(texts, " or "), advice(search)));
}

fs::path find_named_file(const std::string& root, const std::string& file) {
    if (!root.empty()) return fs::path(root) / file;
    if (path_exists(file)) return file;
    for (const fs::path& place : data_places()) {
        if (path_exists(place / file)) return place / file;
    }
    return file;
}

fs::path find_data_file(const fs::path& folder, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        if (path_exists(folder / name)) {
            return folder / name;
        }
    }
    throw UserError(fmt::format("expected {} in '{}', found none", listed(names, " or "), folder.string()));
}

}  // namespace heed
