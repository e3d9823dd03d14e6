#include "heed/apps/support/data_info.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "heed/apps/support/transfer_progress.h"
#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/catalogue/catalogue.h"
#include "heed/datasets/catalogue/checksum_list.h"
#include "heed/datasets/catalogue/local_copy.h"
#include "heed/datasets/known_data_sets.h"

namespace heed {
namespace {

namespace fs = std::filesystem;

/// The reader that a recipe for this data set names, or null.
const KnownDataSet* reader_of(const std::string& name) {
    if (const KnownDataSet* own = find_known_data_set(name)) return own;
    const CatalogueEntry* entry = find_in_catalogue(name);
    return entry == nullptr ? nullptr : find_known_data_set(entry->recipe_name());
}

class DataInfo {
public:
    DataInfo(bool verify, bool json) : verify_(verify), as_json_(json) {}

    int show(const std::string& target) {
        std::error_code ignored;
        if (find_in_catalogue(target) != nullptr || find_known_data_set(target) != nullptr) {
            name_ = target;
            folder_ = find_local_copy(target);
            tell_catalogue();
            tell_reader_name();
            tell_folder();
        } else if (fs::is_directory(target, ignored)) {
            folder_ = target;
            recognise();
            tell_folder();
        } else if (path_exists(target)) {
            tell_file(target);
        } else {
            refuse(target);
        }
        if (as_json_) fmt::print("{}\n", json_.dump(2));
        if (damage_) throw UserError(*damage_);
        return wrong_ ? 1 : 0;
    }

private:
    void tell(const char* key, const nlohmann::json& value, const std::string& text) {
        json_[key] = value;
        if (!as_json_) fmt::print("{:<12}{}\n", key, printable(text));
    }
    void tell(const char* key, const std::string& text) { tell(key, text, text); }

    void tell_catalogue() {
        const CatalogueEntry* entry = find_in_catalogue(name_);
        if (entry == nullptr) return;
        tell("name", entry->name);
        tell("what", entry->summary);
        tell("homepage", entry->homepage);
        tell("licence", entry->licence);
        tell("cite", entry->citation);
        if (const int64_t bytes = entry->transfer_size(); bytes > 0) {
            tell("download", bytes, fmt::format("{} ({} bytes)", size_text(bytes), bytes));
        }
        nlohmann::json files = nlohmann::json::array();
        for (const CatalogueFile& file : entry->files) {
            files.push_back({{"name", file.name}, {"urls", file.urls}});
            files.back()["bytes"] = file.size > 0 ? nlohmann::json(file.size) : nlohmann::json(nullptr);
            files.back()["checksum"] = file.checksum.known() ? nlohmann::json(to_string(file.checksum)) : nullptr;
            if (as_json_) continue;
            fmt::print("  {}: {}, {}\n", file.name,
                       file.size > 0 ? fmt::format("{} bytes", file.size) : "of unknown size",
                       file.checksum.known() ? to_string(file.checksum) : "no published checksum");
            for (const std::string& url : file.urls) fmt::print("    {}\n", url);
        }
        json_["files"] = files;
        tell("published", entry->checksum_source.empty() ? "nobody publishes a checksum"
                                                         : "checksums as in " + entry->checksum_source);
        tell("recipe", entry->use.empty() ? "none can train on it yet" : entry->use);
    }

    void tell_reader_name() {
        if (find_in_catalogue(name_) != nullptr) return;
        const KnownDataSet& set = *find_known_data_set(name_);
        tell("name", set.name);
        tell("what", set.summary);
        tell("get", set.how_to_get);
    }

    void recognise() {
        const std::vector<std::string> names = data_sets_in(folder_);
        if (!names.empty()) name_ = names.front();
        tell("may be", names, names.empty() ? "no data set whose files Heed knows by name" : listed(names, " or "));
    }

    void tell_folder() {
        if (folder_.empty()) {
            if (find_in_catalogue(name_) != nullptr) tell("here", nullptr, "no; heed data get " + name_);
            return;
        }
        const FolderSize size = folder_size(folder_);
        tell("here", folder_.string());
        tell("size", size.bytes, fmt::format("{} in {} files", size_text(size.bytes), size.files));
        tell_checksums();
        tell_samples();
    }

    void tell_checksums() {
        if (!verify_) {
            tell("checksums", nullptr, "not compared (--verify does it)");
            return;
        }
        const Verification result = verify_local_copy(find_in_catalogue(name_), folder_);
        wrong_ = !result.problems.empty();
        std::string text = "nothing to compare with: no checksum of these files is known";
        if (!result.against.empty()) {
            text = wrong_ ? fmt::format("different: {} of {} files", result.problems.size(),
                                        std::max<size_t>(result.problems.size(), static_cast<size_t>(result.checked)))
                          : fmt::format("right: {} files", result.checked);
            text += ", compared with " + result.against;
            if (wrong_) text += "; files that somebody packed anew differ too";
        }
        tell("checksums", {{"against", result.against}, {"checked", result.checked}, {"problems", result.problems}},
             text);
        if (as_json_) return;
        for (const std::string& problem : result.problems) fmt::print("  {}\n", problem);
    }

    /// Opens it as a training would; the error, where it is damaged, comes at the end.
    void tell_samples() {
        const KnownDataSet* reader = name_.empty() ? find_known_data_set("image_folder") : reader_of(name_);
        if (reader == nullptr) return;
        try {
            const DataSummary data = reader->open(folder_.string());
            if (!data.shape.empty()) json_["shape"] = data.shape;
            if (!data.classes.empty()) json_["classes"] = data.classes;
            json_["train"] = data.train;
            json_["test"] = data.test;
            if (!as_json_) fmt::print("\n{}", data.text);
        } catch (const UserError& error) {
            if (name_.empty()) return;  // no pictures either
            json_["error"] = error.what();
            damage_ = error.what();
        }
    }

    void tell_file(const std::string& path) {
        const auto bytes = static_cast<int64_t>(fs::file_size(path));
        const Checksum sha256 = file_checksum(path);
        tell("file", path);
        tell("size", bytes, fmt::format("{} ({} bytes)", size_text(bytes), bytes));
        tell("sha256", sha256.hex);
        std::string published;
        for (const CatalogueEntry& entry : catalogue()) {
            for (const CatalogueFile& file : entry.files) {
                if (file.checksum.known() && file_checksum_as(path, sha256, file.checksum.algorithm) == file.checksum) {
                    published = file.name + " of " + entry.name;
                }
            }
        }
        tell("published", published.empty() ? nlohmann::json(nullptr) : nlohmann::json(published),
             published.empty() ? "the catalogue has no file with this checksum" : "it is " + published);
    }

    static Checksum file_checksum_as(const std::string& path, const Checksum& sha256, const std::string& algorithm) {
        return algorithm == sha256.algorithm ? sha256 : file_checksum(path, algorithm);
    }

    [[noreturn]] static void refuse(const std::string& target) {
        std::vector<std::string> names;
        for (const CatalogueEntry& entry : catalogue()) names.push_back(entry.name);
        for (const KnownDataSet& set : known_data_sets()) {
            if (std::find(names.begin(), names.end(), set.name) == names.end()) names.push_back(set.name);
        }
        throw UserError("heed data info expects a data set, a folder or a file, got " + quote(target) +
                        did_you_mean(target, names) + "; data sets are " + listed(names));
    }

    bool verify_, as_json_;
    std::string name_;
    fs::path folder_;
    nlohmann::ordered_json json_;
    bool wrong_ = false;
    std::optional<std::string> damage_;
};

}  // namespace

int show_data_info(const std::string& name_or_path, bool verify, bool json) {
    return DataInfo(verify, json).show(name_or_path);
}

}  // namespace heed
