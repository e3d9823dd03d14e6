#include <fmt/core.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/content_split.h"
#include "heed/datasets/text/files/archive_files.h"
#include "heed/datasets/text/files/text_file.h"
#include "heed/datasets/text/sets/text_data_set.h"

namespace heed {

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> imdb_parts = {"train/neg", "train/pos", "test/neg", "test/pos"};
const std::vector<std::string> imdb_film_files = {"train/urls_neg.txt", "train/urls_pos.txt"};
const std::vector<std::string> imdb_archives = {"aclImdb_v1.tar.gz", "aclImdb_v1.tar.xz", "aclImdb_v1.tar",
                                                "aclImdb_labelled.tar.xz"};

const TextFacts imdb_facts = {{"negative", "positive"}, 25000, 25000};

struct ImdbOptions final : TextDataOptions {
    bool markup = false;
    bool by_film = true;

    void describe(Fields& fields) override {
        TextDataOptions::describe(fields);
        fields.add("markup", markup,
                   "keep the <br /> marks of the reviews, as the data of Keras do; else blanks stand for them");
        fields.add("by_film", by_film,
                   "the reviews kept back for validation are of films without a training review, as in the test; the "
                   "films are told by train/urls_pos.txt and train/urls_neg.txt");
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

/// The part in whose folder a file lies ("train/pos"), or nothing.
std::string_view imdb_folder_of(std::string_view name) {
    const std::size_t slash = name.rfind('/');
    if (slash == std::string_view::npos) return {};
    const std::string_view folder = name.substr(0, slash);
    for (const std::string& part : imdb_parts) {
        if (folder == part || (folder.ends_with(part) && folder[folder.size() - part.size() - 1] == '/')) return part;
    }
    return {};
}

/// The part that a file belongs to, or nothing where it is no labelled review.
std::string_view imdb_part_of(std::string_view name) {
    return name.ends_with(".txt") ? imdb_folder_of(name) : std::string_view();
}

/// The number N and the rating of a review N_RATING.txt in this part; UserError where the name is another, or says
/// another label than its folder.
int64_t imdb_number(const std::string& file, std::string_view part) {
    const std::string name = file.substr(file.rfind('/') + 1);
    int64_t number = -1;
    int rating = 0, end = 0;
    const bool read = std::sscanf(name.c_str(), "%9" SCNd64 "_%2d.txt%n", &number, &rating, &end) == 2;
    const bool positive = part.ends_with("pos");
    if (!read || end != static_cast<int>(name.size()) || number < 0 ||
        (positive ? rating < 7 || rating > 10 : rating < 1 || rating > 4)) {
        throw UserError(fmt::format("expected reviews named NUMBER_RATING.txt with a rating from {} in {}, found {}",
                                    positive ? "7 to 10" : "1 to 4", part, quote(name)));
    }
    return number;
}

/// The address of the film of each training review by its number.
std::vector<std::string> imdb_films(const std::string& name, std::string_view content) {
    std::vector<std::string> films;
    while (!content.empty()) {
        std::string_view film = trimmed(take_line(content));
        // The reviews of a film stand under addresses of several forms: .../title/tt0453418/usercomments
        const std::size_t title = film.find("/tt");
        if (title != std::string_view::npos) film = film.substr(title + 1, film.find('/', title + 1) - title - 1);
        films.emplace_back(film);
    }
    if (films.empty()) throw UserError(fmt::format("expected the address of a film a line in '{}', found none", name));
    return films;
}

/// The file of film addresses that this is ("train/urls_pos.txt"), or nothing.
std::string_view imdb_film_file(std::string_view name) {
    for (const std::string& file : imdb_film_files) {
        if (name == file || (name.ends_with(file) && name[name.size() - file.size() - 1] == '/')) return file;
    }
    return {};
}

/// Files of a data set and how many lie among its reviews that are none.
struct ImdbFiles {
    std::vector<ArchiveFile> files;
    int64_t others = 0;
};

ImdbFiles imdb_folder_files(const fs::path& folder) {
    ImdbFiles found;
    for (const std::string& name : imdb_film_files) {
        std::ifstream stream(folder / name, std::ios::binary);
        if (stream) found.files.push_back({name, {std::istreambuf_iterator<char>(stream), {}}});
    }
    for (const std::string& part : imdb_parts) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder / part, error)) {
            const std::string name = part + "/" + entry.path().filename().string();
            if (imdb_part_of(name).empty()) {
                ++found.others;
                continue;
            }
            std::ifstream stream(entry.path(), std::ios::binary);
            if (!stream) throw UserError(fmt::format("cannot read '{}'", entry.path().string()));
            found.files.push_back({name, {std::istreambuf_iterator<char>(stream), {}}});
        }
        if (error) throw UserError(fmt::format("expected a folder '{}', found none", (folder / part).string()));
    }
    std::sort(found.files.begin(), found.files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return found;
}

ImdbFiles imdb_archive_files(const fs::path& archive) {
    ImdbFiles found;
    found.files = read_archive(archive, [&](std::string_view name) {
        if (!imdb_part_of(name).empty() || !imdb_film_file(name).empty()) return true;
        if (!imdb_folder_of(name).empty()) ++found.others;
        return false;
    });
    return found;
}

/// With blanks for the marks of line breaks.
std::string without_breaks(std::string_view text) {
    constexpr std::string_view mark = "<br />";
    std::string result;
    for (std::size_t place; (place = text.find(mark)) != std::string_view::npos;) {
        result.append(text.substr(0, place)).append(" ");
        text.remove_prefix(place + mark.size());
    }
    return result.append(text);
}

fs::path imdb_origin(const TextDataOptions& options) {
    std::error_code ignored;
    if (!options.root.empty() && fs::is_regular_file(options.root, ignored)) return options.root;
    const fs::path folder = find_data_folder(imdb_search(), options.root);
    if (path_exists(folder / "train/pos")) return folder;
    if (path_exists(folder / "aclImdb/train/pos")) return folder / "aclImdb";
    return find_data_file(folder, imdb_archives);
}

/// The films of train/neg and train/pos by the numbers of their reviews.
std::map<std::string_view, std::vector<std::string>> films_of(const std::vector<ArchiveFile>& files,
                                                              const std::string& origin) {
    std::map<std::string_view, std::vector<std::string>> films;
    for (const ArchiveFile& file : files) {
        const std::string_view name = imdb_film_file(file.name);
        if (name.empty()) continue;
        films[name.ends_with("pos.txt") ? "train/pos" : "train/neg"] =
            imdb_films(origin + "/" + file.name, TextFile(origin + "/" + file.name, file.content).content());
    }
    for (const char* part : {"neg", "pos"}) {
        if (films.contains(fmt::format("train/{}", part))) continue;
        throw UserError(
            fmt::format("expected train/urls_{}.txt in '{}', which names the film of each review, found none: put it "
                        "there, or give data.by_film false or data.validation 0",
                        part, origin));
    }
    return films;
}

TextData open_imdb(const TextDataOptions& general) {
    const auto& options = dynamic_cast<const ImdbOptions&>(general);
    options.validate();
    const fs::path origin = imdb_origin(options);
    std::error_code ignored;
    ImdbFiles found = fs::is_directory(origin, ignored) ? imdb_folder_files(origin) : imdb_archive_files(origin);
    std::vector<ArchiveFile>& files = found.files;

    const auto train = std::make_shared<TextSource>(imdb_facts.class_names, false),
               test = std::make_shared<TextSource>(imdb_facts.class_names, false);
    std::map<std::string_view, int64_t> counts;
    const bool by_film = options.by_film && options.validation > 0;
    std::map<std::string_view, std::vector<std::string>> films;  // of the training reviews of a part
    if (by_film) films = films_of(files, origin.string());
    std::vector<uint64_t> groups;
    for (ArchiveFile& file : files) {
        const std::string_view part = imdb_part_of(file.name);
        if (part.empty()) continue;
        const auto number = static_cast<std::size_t>(imdb_number(file.name, part));
        const TextFile text(origin.string() + "/" + file.name, std::move(file.content));
        const std::string_view review = trimmed(text.content());
        if (review.empty()) throw UserError(fmt::format("expected a review in '{}', found none", text.name()));
        const int32_t label = part.ends_with("pos") ? 1 : 0;
        std::string content = options.markup ? std::string(review) : without_breaks(review);
        if (by_film && part.starts_with("train")) {
            const std::vector<std::string>& part_films = films.at(part);
            if (number >= part_films.size()) {
                throw UserError(fmt::format("expected a line for review {} in the file of films of {}, found {} lines",
                                            number, part, part_films.size()));
            }
            groups.push_back(content_hash(part_films[number]));
        }
        (part.starts_with("train") ? train : test)->add(std::move(content), {&label, 1});
        ++counts[part];
    }
    for (const std::string& part : imdb_parts) {
        if (counts[part] == 0) {
            throw UserError(fmt::format("expected reviews in {} of '{}', found none", part, origin.string()));
        }
    }
    TextData data = make_text_data("imdb", origin.string(), train, nullptr, test, options, groups);
    if (found.others > 0) {
        data.remarks.push_back(
            fmt::format("{} files among the reviews are passed over, as their names do not end in .txt", found.others));
    }
    compare_with_published(data, imdb_facts, train->size());
    return data;
}

}  // namespace

TextDataSet imdb() {
    TextDataSet set;
    set.name = "imdb";
    set.summary = "film reviews, negative or positive, 25,000 + 25,000 texts (aclImdb)";
    set.search = imdb_search();
    set.how_to_get = set.search->how_to_get;
    set.facts = imdb_facts;
    set.make_options = [] { return std::make_unique<ImdbOptions>(); };
    set.open = open_imdb;
    return set;
}

}  // namespace heed
