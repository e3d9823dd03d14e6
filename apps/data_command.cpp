#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "heed/apps/commands.h"
#include "heed/apps/support/data_info.h"
#include "heed/apps/support/transfer_progress.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/catalogue/fetch.h"
#include "heed/datasets/catalogue/local_copy.h"
#include "heed/datasets/files/data_search.h"
#include "heed/datasets/known_data_sets.h"

namespace heed {
namespace {

/// An option that the action does not know is refused rather than ignored.
void check_options(const DataCommand& command) {
    const std::vector<std::string> actions = {"list", "get", "info"};
    if (std::find(actions.begin(), actions.end(), command.action) == actions.end()) {
        throw UserError("heed data expects " + listed(actions, " or ") + ", got " + quote(command.action) +
                        did_you_mean(command.action, actions));
    }
    const bool get = command.action == "get", info = command.action == "info";
    const auto only = [](bool given, const char* option, bool fits, const char* action) {
        if (given && !fits) throw UserError(fmt::format("{} belongs to heed data {}", option, action));
    };
    only(!command.to.empty(), "--to", get, "get");
    only(!command.mirror.empty(), "--mirror", get, "get");
    only(command.timeout > 0, "--timeout", get, "get");
    only(command.verify, "--verify", info, "info");
    only(command.json, "--json", !get, "list and heed data info");
    if (command.action == "list" && !command.names.empty()) {
        throw UserError("heed data list expects no name, got " + quote(command.names.front()) +
                        "; heed data info NAME");
    }
    if (get && command.names.empty()) throw UserError("heed data get expects the name of a data set (heed data list)");
    if (info && command.names.size() != 1) {
        throw UserError(
            fmt::format("heed data info expects one data set, folder or file, got {}", command.names.size()));
    }
}

/// Whether `heed data get` brings what recipes call so.
bool can_be_got(const std::string& name) {
    return std::any_of(catalogue().begin(), catalogue().end(),
                       [&](const CatalogueEntry& entry) { return entry.use == "data.name=" + name; });
}

void list_as_json() {
    nlohmann::ordered_json list = nlohmann::json::array();
    for (const CatalogueEntry& entry : catalogue()) {
        const std::string folder = find_local_copy(entry.name);
        nlohmann::ordered_json item;
        item["name"] = entry.name;
        item["what"] = entry.summary;
        item["licence"] = entry.licence;
        item["cite"] = entry.citation;
        item["homepage"] = entry.homepage;
        item["download"] = entry.transfer_size() > 0 ? nlohmann::json(entry.transfer_size()) : nlohmann::json(nullptr);
        item["recipe"] = entry.use.empty() ? nlohmann::json(nullptr) : nlohmann::json(entry.use);
        item["here"] = folder.empty() ? nlohmann::json(nullptr) : nlohmann::json(folder);
        list.push_back(item);
    }
    fmt::print("{}\n", list.dump(2));
}

void list_as_table() {
    constexpr int indent = 15;
    fmt::print("{:<{}}{:>9}  {}\n", "data set", indent, "download", "here");
    for (const CatalogueEntry& entry : catalogue()) {
        const std::string folder = find_local_copy(entry.name);
        const int64_t size = entry.transfer_size();
        fmt::print("{:<{}}{:>9}  {}\n", entry.name, indent, size > 0 ? size_text(size) : "?",
                   folder.empty() ? "not here" : folder);
        fmt::print("{:<{}}{}\n", "", indent, entry.summary);
        fmt::print("{:<{}}licence: {}; {}\n", "", indent, entry.licence, entry.citation);
    }
    fmt::print("\nnot to be downloaded, but a recipe can name them by data.name:\n");
    for (const KnownDataSet& set : known_data_sets()) {
        if (can_be_got(set.name)) continue;
        const std::string folder = find_local_copy(set.name);
        fmt::print("{:<{}}{}{}{}\n", set.name, indent, set.summary, folder.empty() ? "" : "; here: ", folder);
    }
}

int get(const DataCommand& command) {
    FetchOptions options;
    options.to = command.to.empty() ? data_places().front() : std::filesystem::path(command.to);
    options.mirror = command.mirror;
    if (const char* mirror = std::getenv("HEED_DATA_MIRROR"); mirror != nullptr && options.mirror.empty()) {
        options.mirror = mirror;
    }
    if (!options.mirror.empty() && !options.mirror.starts_with("http://") && !options.mirror.starts_with("https://")) {
        throw UserError("--mirror expects an address with http:// or https://, got " + quote(options.mirror));
    }
    if (command.timeout > 0) {
        options.transfer.connect_seconds = options.transfer.silence_seconds = command.timeout;
    }
    for (const std::string& name : command.names) catalogue_entry(name);  // a wrong one is an error before any work
    for (const std::string& name : command.names) {
        const CatalogueEntry& entry = catalogue_entry(name);
        TransferProgress progress;
        const Fetched done = fetch(entry, options, progress.observer());
        for (const std::string& line : done.files) fmt::print("{}\n", line);
        fmt::print("{} is {} '{}'{}\n", name, done.was_there ? "already in" : "in", done.folder.string(),
                   done.verified ? "" : "; it was not verified, because no checksum of it is published");
        if (entry.use.empty()) continue;
        fmt::print("a recipe names it by {}{}\n", entry.use,
                   find_local_copy(name).empty() ? ", with data.root or HEED_DATA for its folder" : "");
    }
    return 0;
}

}  // namespace

int run(const DataCommand& command) {
    check_options(command);
    if (command.action == "get") return get(command);
    if (command.action == "info") return show_data_info(command.names.front(), command.verify, command.json);
    if (command.json) {
        list_as_json();
    } else {
        list_as_table();
    }
    return 0;
}

}  // namespace heed
