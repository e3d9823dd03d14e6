#include "heed/datasets/catalogue/checksum_list.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>

#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"

namespace heed {

namespace fs = std::filesystem;

std::vector<std::string> files_of(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::recursive_directory_iterator i(folder, error), end; !error && i != end; i.increment(error)) {
        if (i->is_regular_file(error)) names.push_back(i->path().lexically_relative(folder).string());
    }
    if (error) throw UserError(fmt::format("cannot read the folder '{}': {}", folder.string(), error.message()));
    std::sort(names.begin(), names.end());
    return names;
}

void write_checksum_list(const fs::path& folder, const std::vector<std::string>& origin) {
    std::string text;
    for (const std::string& line : origin) text += "# " + line + "\n";
    for (const std::string& name : files_of(folder)) {
        if (name == checksum_list_name) continue;
        if (name.find('\n') != name.npos) throw UserError("a file name with a line break cannot be listed");
        text += file_checksum(folder / name).hex + "  " + name + "\n";
    }
    write_file_atomically(folder / checksum_list_name, text);
}

std::vector<ListedChecksum> read_checksum_list(const fs::path& folder) {
    const fs::path path = folder / checksum_list_name;
    std::ifstream file(path);
    if (!file) throw UserError(fmt::format("there is no list of checksums '{}'", path.string()));
    std::vector<ListedChecksum> list;
    std::string line;
    for (int64_t number = 1; std::getline(file, line); ++number) {
        if (line.empty() || line.starts_with('#')) continue;
        constexpr size_t digits = 64;
        const bool hex = line.find_first_not_of("0123456789abcdef") == digits;
        if (!hex || line.size() < digits + 3 || line.substr(digits, 2).find_first_not_of(" *") != line.npos) {
            throw UserError(
                fmt::format("{}:{}: expected a SHA-256, two spaces and the name of a file", path.string(), number));
        }
        list.push_back({line.substr(digits + 2), {"sha256", line.substr(0, digits)}});
    }
    return list;
}

}  // namespace heed
