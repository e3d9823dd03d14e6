#include "heed/trainers/hugging_face/folder_name.h"

#include <filesystem>

namespace heed {

std::string name_of_folder(const std::string& folder) {
    std::filesystem::path path = std::filesystem::weakly_canonical(folder);
    if (path.filename().empty()) path = path.parent_path();
    return path.filename().empty() ? "imported" : path.filename().string();
}

}  // namespace heed
