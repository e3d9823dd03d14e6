#include "heed/apps/comparison/experiment_file.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace {

namespace fs = std::filesystem;

/// Where experiments may lie, the nearest place first.
std::vector<fs::path> experiment_folders() {
    std::vector<fs::path> folders = {"experiments"};
    std::error_code error;
    fs::path above = fs::read_symlink("/proc/self/exe", error).parent_path();
    for (; above.has_relative_path(); above = above.parent_path()) {
        folders.push_back(above / "experiments");
        folders.push_back(above / "share" / "heed" / "experiments");
    }
    return folders;
}

std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        if (entry->path().extension() == ".yaml") names.push_back(entry->path().stem().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace

std::string experiment_file(const std::string& name) {
    std::vector<std::string> known;
    for (const fs::path& folder : experiment_folders()) {
        const std::vector<std::string> names = names_in(folder);
        if (std::find(names.begin(), names.end(), name) != names.end()) return (folder / (name + ".yaml")).string();
        known.insert(known.end(), names.begin(), names.end());
    }
    std::sort(known.begin(), known.end());
    known.erase(std::unique(known.begin(), known.end()), known.end());
    if (known.empty()) {
        throw UserError(
            "the experiments were not found: call heed in the folder of its source, or give a recipe to "
            "heed compare");
    }
    throw UserError("there is no experiment " + quote(name) + did_you_mean(name, known) + "; there are " +
                    listed(known));
}

}  // namespace heed
