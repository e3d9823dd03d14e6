#include "heed/trainers/recipe/levels.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "heed/core/error.h"
#include "heed/core/files/system_error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"

namespace heed {
namespace {

namespace fs = std::filesystem;

constexpr size_t most_bytes = 1 << 20;
constexpr size_t most_files = 100;

std::string nearest_file(const fs::path& path) {
    std::error_code error;
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    std::vector<std::string> names;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        if (entry->path().extension() == ".yaml") names.push_back(entry->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    const std::string nearest = nearest_name(path.filename().string(), names);
    return nearest.empty() ? "" : " (did you mean " + (path.parent_path() / nearest).string() + "?)";
}

/// `wanted_by` says which line asked for the file, empty for the one from the command line.
std::string read_file(const fs::path& path, const std::string& wanted_by, const FileWords& words) {
    const std::string place = wanted_by + "cannot read the " + words.name + " " + quote(path.string());
    const std::string start = place + ": ";
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found)
        throw UserError(start + "there is no such file" + nearest_file(path));
    if (fs::is_directory(status)) throw UserError(start + "it is a folder");
    if (error) throw_system_error(place, error.value());
    if (!fs::is_regular_file(status)) throw UserError(start + "it is not a regular file");
    std::ifstream file(path, std::ios::binary);
    if (!file) throw_system_error(place, errno);
    std::string text(most_bytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) throw_system_error(place, errno);
    text.resize(static_cast<size_t>(file.gcount()));
    if (text.size() > most_bytes) throw UserError(start + "it has more than 1 MiB, which no " + words.name + " needs");
    return text;
}

RecipeLevel parse(std::string_view text, const std::string& name, const FileWords& words) {
    RecipeLevel level;
    for (YamlEntry& entry : read_yaml(text, name)) {
        level.push_back(
            {std::move(entry.key), entry.kind, std::move(entry.items), Source{Source::Kind::file, name, entry.line}});
    }
    if (level.empty()) {
        throw UserError(name + ": is empty; expected at least the key " + words.key + ": of a " + words.name);
    }
    return level;
}

/// Removes `base:` from the level and returns it; an empty key when there is none.
GivenValue take_base(RecipeLevel& level, const FileWords& words) {
    const auto base = std::find_if(level.begin(), level.end(), [](const GivenValue& v) { return v.key == "base"; });
    if (base == level.end()) return {};
    GivenValue value = std::move(*base);
    level.erase(base);
    const bool empty =
        value.items.empty() || std::find(value.items.begin(), value.items.end(), "") != value.items.end();
    if (value.kind == YamlEntry::Kind::mapping || empty) {
        throw UserError(value.source.text() + ": base expects the name of a " + words.name + ", or a list of them");
    }
    return value;
}

class FileLevels {
public:
    explicit FileLevels(const FileWords& words) : words_(words) {}

    void read(const fs::path& path, const std::string& wanted_by) {
        std::error_code error;
        const fs::path identity = fs::weakly_canonical(path, error);
        if (std::find(open_.begin(), open_.end(), identity) != open_.end()) {
            throw UserError(wanted_by + "the " + words_.name + " " + quote(path.string()) + " is based on itself");
        }
        if (++files_ > most_files) throw UserError(wanted_by + "the " + words_.name + " is based on too many files");
        RecipeLevel level = parse(read_file(path, wanted_by, words_), path.string(), words_);
        open_.push_back(identity);
        const GivenValue base = take_base(level, words_);
        for (const std::string& name : base.items) {
            read((path.parent_path() / name).lexically_normal(), base.source.text() + ": ");
        }
        open_.pop_back();
        levels_.push_back(std::move(level));
    }

    std::vector<RecipeLevel> take() { return std::move(levels_); }

private:
    FileWords words_;
    std::vector<RecipeLevel> levels_;
    std::vector<fs::path> open_;  // the files whose bases are being read
    size_t files_ = 0;
};

}  // namespace

std::vector<RecipeLevel> file_levels(const std::string& path, const FileWords& words) {
    FileLevels files(words);
    files.read(path, "");
    return files.take();
}

RecipeLevel text_level(std::string_view text, const std::string& name) {
    RecipeLevel level = parse(text, name, {});
    const GivenValue base = take_base(level, {});
    if (!base.key.empty()) throw UserError(base.source.text() + ": this recipe may not have a base");
    return level;
}

RecipeLevel override_level(const std::vector<std::string>& overrides) {
    RecipeLevel level;
    for (const std::string& text : overrides) {
        const size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            throw UserError("command line: expected key=value (such as train.epochs=5), got " + quote(text));
        }
        if (!is_clean_text(text)) throw UserError("command line: " + quote(text) + " is not plain text in UTF-8");
        const std::string key = text.substr(0, equals);
        if (key == "base") throw UserError("command line: base can be given only in a recipe file");
        const auto twice = [&](const GivenValue& given) { return given.key == key; };
        if (std::any_of(level.begin(), level.end(), twice)) {
            throw UserError("command line: " + quote(key) + " is given twice");
        }
        level.push_back(
            {key, YamlEntry::Kind::scalar, {text.substr(equals + 1)}, Source{Source::Kind::command_line, "", 0}});
    }
    return level;
}

Recipe read_recipe(const RecipeSpec& spec, const std::string& path, const std::vector<std::string>& overrides) {
    std::vector<RecipeLevel> levels = file_levels(path);
    levels.push_back(override_level(overrides));
    return resolve_levels(spec, path, levels);
}

Recipe parse_recipe(const RecipeSpec& spec, std::string_view text, const std::string& name,
                    const std::vector<std::string>& overrides) {
    return resolve_levels(spec, name, {text_level(text, name), override_level(overrides)});
}

Recipe resolve_settings(const RecipeSpec& spec, const std::string& name, const std::vector<std::string>& overrides) {
    return resolve_levels(spec, name, {override_level(overrides)});
}

}  // namespace heed
