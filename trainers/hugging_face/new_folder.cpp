#include "heed/trainers/hugging_face/new_folder.h"

#include <fmt/format.h>

#include <filesystem>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"

namespace heed {

void check_new_folder(const std::string& folder, const std::string& what) {
    std::error_code ignored;
    if (!path_exists(folder)) return;
    const bool is_folder = std::filesystem::is_directory(folder, ignored);
    if (is_folder && std::filesystem::is_empty(folder, ignored)) return;
    throw UserError(fmt::format("expected {} to name a new or empty folder, but {} {}", what, folder,
                                is_folder ? "holds files" : "is a file"));
}

}  // namespace heed
