#include "heed/datasets/catalogue/local_copy.h"

#include <fmt/core.h>

#include <algorithm>

#include "heed/core/error.h"
#include "heed/datasets/catalogue/checksum_list.h"
#include "heed/datasets/files/data_search.h"
#include "heed/datasets/known_data_sets.h"

namespace heed {

namespace fs = std::filesystem;

namespace {

/// As the reader of the data set looks for it, or as `heed data get` leaves it.
DataSearch search_of(const CatalogueEntry& entry) {
    return {entry.name, {entry.folder}, entry.probes, ""};
}

std::vector<DataSearch> all_searches() {
    std::vector<DataSearch> searches;
    for (const KnownDataSet& set : known_data_sets()) {
        if (set.search) searches.push_back(*set.search);
    }
    for (const CatalogueEntry& entry : catalogue()) searches.push_back(search_of(entry));
    return searches;
}

bool bears_name(const fs::path& folder, const DataSearch& search) {
    const fs::path whole = fs::absolute(folder).lexically_normal();
    const std::string name = (whole.has_filename() ? whole : whole.parent_path()).filename();
    return std::find(search.folders.begin(), search.folders.end(), name) != search.folders.end();
}

void compare(const fs::path& path, const std::string& name, const Checksum& expected, Verification& result) {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) {
        result.problems.push_back(name + ": missing");
        return;
    }
    ++result.checked;
    const Checksum found = file_checksum(path, expected.algorithm);
    if (found != expected) {
        result.problems.push_back(fmt::format("{}: expected {}, found {}", name, to_string(expected), found.hex));
    }
}

}  // namespace

fs::path find_local_copy(const std::string& name) {
    const CatalogueEntry* entry = find_in_catalogue(name);
    for (const std::string& reader : {name, entry != nullptr ? entry->recipe_name() : ""}) {
        const KnownDataSet* set = find_known_data_set(reader);
        if (set == nullptr || !set->search) continue;
        if (fs::path folder = look_for_data(*set->search); !folder.empty()) return folder;
    }
    return entry != nullptr ? look_for_data(search_of(*entry)) : fs::path();
}

std::vector<std::string> data_sets_in(const fs::path& folder) {
    std::vector<std::string> named, others;
    for (const DataSearch& search : all_searches()) {
        const bool fits = std::any_of(search.files.begin(), search.files.end(), [&](const std::string& file) {
            std::error_code error;
            return fs::exists(folder / file, error);
        });
        if (!fits) continue;
        std::vector<std::string>& names = bears_name(folder, search) ? named : others;
        const auto has = [&](const std::vector<std::string>& list) {
            return std::find(list.begin(), list.end(), search.name) != list.end();
        };
        if (!has(named) && !has(others)) names.push_back(search.name);
    }
    named.insert(named.end(), others.begin(), others.end());
    return named;
}

FolderSize folder_size(const fs::path& folder) {
    FolderSize size;
    for (const std::string& name : files_of(folder)) {
        std::error_code error;
        const uintmax_t bytes = fs::file_size(folder / name, error);
        if (error) continue;  // it went away meanwhile
        ++size.files;
        size.bytes += static_cast<int64_t>(bytes);
    }
    return size;
}

Verification verify_local_copy(const CatalogueEntry* entry, const fs::path& folder) {
    Verification result;
    const bool published = entry != nullptr && !entry->is_archive() &&
                           std::all_of(entry->files.begin(), entry->files.end(),
                                       [](const CatalogueFile& file) { return file.checksum.known(); });
    std::error_code error;
    if (published) {
        result.against = "the published checksums (" + entry->checksum_source + ")";
        for (const CatalogueFile& file : entry->files) compare(folder / file.name, file.name, file.checksum, result);
    } else if (fs::exists(folder / checksum_list_name, error)) {
        result.against = std::string("the list ") + checksum_list_name + " that was written when it was got";
        for (const ListedChecksum& line : read_checksum_list(folder)) {
            compare(folder / line.file, line.file, line.checksum, result);
        }
    }
    return result;
}

}  // namespace heed
