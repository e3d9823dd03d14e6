#include "heed/apps/comparison/shipped_file.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace {

namespace fs = std::filesystem;

/// Where the folder may lie, the nearest place first.
std::vector<fs::path> shipped_folders(const std::string& folder) {
    std::vector<fs::path> folders = {folder};
    std::error_code error;
    fs::path above = fs::read_symlink("/proc/self/exe", error).parent_path();
    for (; above.has_relative_path(); above = above.parent_path()) {
        folders.push_back(above / folder);
        folders.push_back(above / "share" / "heed" / folder);
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

std::string shipped_file(const std::string& folder, const std::string& what, const std::string& name) {
    std::vector<std::string> known;
    for (const fs::path& place : shipped_folders(folder)) {
        const std::vector<std::string> names = names_in(place);
        if (std::find(names.begin(), names.end(), name) != names.end()) return (place / (name + ".yaml")).string();
        known.insert(known.end(), names.begin(), names.end());
    }
    std::sort(known.begin(), known.end());
    known.erase(std::unique(known.begin(), known.end()), known.end());
    if (known.empty()) {
        throw UserError("no " + what +
                        " was found that comes with heed: call it in the folder of its source, or give a file");
    }
    throw UserError("there is no " + what + " " + quote(name) + did_you_mean(name, known) +
                    (known.size() == 1 ? "; there is " : "; there are ") + listed(known));
}

}  // namespace heed
