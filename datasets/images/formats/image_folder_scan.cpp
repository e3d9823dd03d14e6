#include "heed/datasets/images/formats/image_folder_scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace fs = std::filesystem;

namespace {

/// The names in a folder, sorted, without hidden ones.
std::vector<std::string> entries_of(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        std::string name = entry->path().filename().string();
        if (!name.starts_with('.')) names.push_back(std::move(name));
    }
    if (error) throw UserError(fmt::format("the folder '{}' cannot be read: {}", folder.string(), error.message()));
    std::sort(names.begin(), names.end());
    return names;
}

bool has_image_name(const std::string& name) {
    std::string extension = fs::path(name).extension().string();
    for (char& c : extension) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

}  // namespace

ImageFolderFiles scan_image_folder(const fs::path& folder, const std::vector<std::string>* known_classes) {
    ImageFolderFiles result;
    result.folder = folder;
    std::error_code ignored;
    for (const std::string& name : entries_of(folder)) {
        if (!fs::is_directory(folder / name, ignored)) {
            throw UserError(
                fmt::format("expected one subfolder a class in '{}', found the file '{}'", folder.string(), name));
        }
        if (!is_printable(name)) {  // it will stand in checkpoints, reports and on screens
            throw UserError(
                fmt::format("expected names of classes in UTF-8 without control characters in '{}', found '{}'",
                            folder.string(), name));
        }
        result.class_names.push_back(name);
    }
    if (known_classes == nullptr && result.class_names.size() < 2) {
        throw UserError(fmt::format("expected at least two subfolders, one a class, in '{}', found {}", folder.string(),
                                    result.class_names.empty() ? "none" : "only '" + result.class_names[0] + "'"));
    }
    if (result.class_names.empty()) {
        throw UserError(fmt::format("expected one subfolder a class in '{}', found none", folder.string()));
    }
    const std::vector<std::string>& classes = known_classes != nullptr ? *known_classes : result.class_names;
    for (const std::string& name : result.class_names) {
        const auto place = std::find(classes.begin(), classes.end(), name);
        if (place == classes.end()) {
            throw UserError(fmt::format("expected the classes of the training images in '{}', found '{}'{}",
                                        folder.string(), name, did_you_mean(name, classes)));
        }
        const std::size_t before = result.files.size();
        for (const std::string& file : entries_of(folder / name)) {
            const std::string path = name + "/" + file;
            if (!fs::is_regular_file(folder / path, ignored) || !has_image_name(file)) {
                throw UserError(fmt::format("expected only images (.png, .jpg, .jpeg) in '{}', found '{}'",
                                            (folder / name).string(), file));
            }
            result.files.push_back(path);
            result.labels.push_back(static_cast<int32_t>(place - classes.begin()));
        }
        if (result.files.size() == before) {
            throw UserError(
                fmt::format("expected images of the class '{}' in '{}', found none", name, (folder / name).string()));
        }
    }
    result.class_names = classes;
    return result;
}

FoundImages find_images(const fs::path& folder) {
    FoundImages found;
    std::error_code ignored;
    const auto sort_out = [&](const std::string& path) {
        const bool is_image = fs::is_regular_file(folder / path, ignored) && has_image_name(path);
        (is_image ? found.files : found.left_out).push_back(path);
    };
    for (const std::string& name : entries_of(folder)) {
        if (!fs::is_directory(folder / name, ignored)) {
            sort_out(name);
            continue;
        }
        for (const std::string& file : entries_of(folder / name)) sort_out(name + "/" + file);
    }
    if (found.files.empty()) {
        throw UserError(
            fmt::format("expected images (.png, .jpg, .jpeg) in '{}' or its subfolders, found none", folder.string()));
    }
    std::sort(found.files.begin(), found.files.end());
    return found;
}

}  // namespace heed
