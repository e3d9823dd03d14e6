#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "heed/core/error.h"
#include "heed/datasets/text/files/archive_files.h"
#include "heed/datasets/text/files/text_file.h"
#include "heed/datasets/text/sets/text_data_set.h"

namespace heed {

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> imdb_parts = {"train/neg", "train/pos", "test/neg", "test/pos"};
const std::vector<std::string> imdb_archives = {"aclImdb_v1.tar.gz", "aclImdb_v1.tar.xz", "aclImdb_v1.tar",
                                                "aclImdb_labelled.tar.xz"};

struct ImdbOptions final : TextDataOptions {
    bool markup = false;

    void describe(Fields& fields) override {
        TextDataOptions::describe(fields);
        fields.add("markup", markup,
                   "keep the <br /> marks of the reviews, as the data of Keras do; else blanks stand for them");
    }
};

DataSearch imdb_search() {
    std::vector<std::string> files = {"train/pos", "aclImdb/train/pos"};
    files.insert(files.end(), imdb_archives.begin(), imdb_archives.end());
    return {"imdb",
            {"aclImdb", "imdb"},
            files,
            "put aclImdb_v1.tar.gz, packed or unpacked, into data/imdb, or name it by data.root"};
}

/// The part that a file belongs to ("train/pos"), or nothing where it is no labelled review.
std::string_view imdb_part_of(std::string_view name) {
    if (!name.ends_with(".txt")) return {};
    const std::size_t slash = name.rfind('/');
    if (slash == std::string_view::npos) return {};
    const std::string_view folder = name.substr(0, slash);
    for (const std::string& part : imdb_parts) {
        if (folder == part || (folder.ends_with(part) && folder[folder.size() - part.size() - 1] == '/')) return part;
    }
    return {};
}

std::vector<ArchiveFile> imdb_folder_files(const fs::path& folder) {
    std::vector<ArchiveFile> files;
    for (const std::string& part : imdb_parts) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder / part, error)) {
            const std::string name = part + "/" + entry.path().filename().string();
            if (imdb_part_of(name).empty()) continue;
            std::ifstream stream(entry.path(), std::ios::binary);
            if (!stream) throw UserError(fmt::format("cannot read '{}'", entry.path().string()));
            files.push_back({name, {std::istreambuf_iterator<char>(stream), {}}});
        }
        if (error) throw UserError(fmt::format("expected a folder '{}', found none", (folder / part).string()));
    }
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return files;
}

/// Takes the marks for line breaks out.
std::string without_breaks(std::string text) {
    constexpr std::string_view mark = "<br />";
    for (std::size_t place = 0; (place = text.find(mark, place)) != std::string::npos;) {
        text.replace(place, mark.size(), " ");
    }
    return text;
}

fs::path imdb_origin(const TextDataOptions& options) {
    std::error_code ignored;
    if (!options.root.empty() && fs::is_regular_file(options.root, ignored)) return options.root;
    const fs::path folder = find_data_folder(imdb_search(), options.root);
    if (fs::exists(folder / "train/pos", ignored)) return folder;
    if (fs::exists(folder / "aclImdb/train/pos", ignored)) return folder / "aclImdb";
    return find_data_file(folder, imdb_archives);
}

TextData open_imdb(const TextDataOptions& general) {
    const auto& options = dynamic_cast<const ImdbOptions&>(general);
    options.validate();
    const fs::path origin = imdb_origin(options);
    std::error_code ignored;
    std::vector<ArchiveFile> files =
        fs::is_directory(origin, ignored)
            ? imdb_folder_files(origin)
            : read_archive(origin, [](std::string_view name) { return !imdb_part_of(name).empty(); });

    const std::vector<std::string> classes = {"negative", "positive"};
    const auto train = std::make_shared<TextSource>(classes, false),
               test = std::make_shared<TextSource>(classes, false);
    std::map<std::string_view, int64_t> counts;
    for (ArchiveFile& file : files) {
        const std::string_view part = imdb_part_of(file.name);
        const TextFile text(origin.string() + "/" + file.name, std::move(file.content));
        const std::string_view review = trimmed(text.content());
        if (review.empty()) throw UserError(fmt::format("expected a review in '{}', found none", text.name()));
        const int32_t label = part.ends_with("pos") ? 1 : 0;
        std::string content = options.markup ? std::string(review) : without_breaks(std::string(review));
        (part.starts_with("train") ? train : test)->add(std::move(content), {&label, 1});
        ++counts[part];
    }
    for (const std::string& part : imdb_parts) {
        if (counts[part] == 0) {
            throw UserError(fmt::format("expected reviews in {} of '{}', found none", part, origin.string()));
        }
    }
    return make_text_data("imdb", origin.string(), train, nullptr, test, options);
}

}  // namespace

TextDataSet imdb() {
    TextDataSet set;
    set.name = "imdb";
    set.summary = "film reviews, negative or positive, 25,000 + 25,000 texts (aclImdb)";
    set.search = imdb_search();
    set.how_to_get = set.search->how_to_get;
    set.facts = TextFacts{{"negative", "positive"}, 25000, 25000};
    set.make_options = [] { return std::make_unique<ImdbOptions>(); };
    set.open = open_imdb;
    return set;
}

}  // namespace heed
