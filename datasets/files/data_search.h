#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace heed {

/// How the files of a data set are found.
struct DataSearch {
    std::string name;                  ///< as in recipes
    std::vector<std::string> folders;  ///< names its folder goes by, most usual first
    std::vector<std::string> files;    ///< a folder that holds any of these is taken
    std::string how_to_get;            ///< ends the error: what to install or where to put the files
};

/// Where data sets are looked for: the entries of the environment variable HEED_DATA (separated by colons), then
/// `./data`, then `/usr/share/datasets`.
std::vector<std::filesystem::path> data_places();

/// The folder of a data set. With `root`: `root` itself, then each of its subfolders `folders`; nothing else is looked
/// at. Without: for each of `data_places`: its subfolders `folders`, and the place itself where it bears one of these
/// names (so that a folder with another data set under the same file names is never taken). UserError, with all places
/// and how to get the data, where there is none.
std::filesystem::path find_data_folder(const DataSearch& search, const std::string& root);

/// The folder that `find_data_folder` finds without `root`; an empty path where there is none.
std::filesystem::path look_for_data(const DataSearch& search);

/// A file that the user names: in `root` where that is given, else as it is or, where there is none, in the first of
/// `data_places` that has it. The name itself where it is nowhere.
std::filesystem::path find_named_file(const std::string& root, const std::string& file);

/// The first of `names` that is in `folder`; UserError where none is.
std::filesystem::path find_data_file(const std::filesystem::path& folder, const std::vector<std::string>& names);

}  // namespace heed
