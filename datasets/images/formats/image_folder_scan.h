#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace heed {

/// The image files of a folder with one subfolder a class.
struct ImageFolderFiles {
    std::filesystem::path folder;
    std::vector<std::string> class_names;  ///< names of the subfolders, sorted by their bytes
    std::vector<std::string> files;        ///< paths below `folder`, class after class, sorted
    std::vector<int32_t> labels;           ///< of each file, a position in class_names
    std::vector<uint64_t> keys;            ///< of each file (file_key), once they are read
};

/// Lists the files of `folder`; names that begin with a full stop are left out. UserError, naming the place, where
/// there are fewer than two classes (one is enough for `known_classes`), a class has no image, something else lies
/// among them (by name: .png, .jpg or .jpeg, in any case), a name is not UTF-8, or, where `known_classes` is not null,
/// a class is not one of those. Labels then count in `known_classes`.
ImageFolderFiles scan_image_folder(const std::filesystem::path& folder, const std::vector<std::string>* known_classes);

/// Image files of a folder that need not be a data set.
struct FoundImages {
    std::vector<std::string> files;     ///< paths below the folder, of it and of its subfolders, sorted by their bytes
    std::vector<std::string> left_out;  ///< what else lies in them; folders deeper down are not looked into
};

/// Finds them by name (.png, .jpg or .jpeg, in any case), but for those that begin with a full stop. UserError where
/// there are none.
FoundImages find_images(const std::filesystem::path& folder);

}  // namespace heed
