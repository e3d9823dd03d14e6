#include "heed/trainers/comparison/run_progress.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "heed/trainers/run/run_folder.h"

namespace heed {

namespace {

/// The number behind the last `name` in the text; 0 where there is none.
int64_t last_number(const std::string& text, const std::string& name) {
    const size_t at = text.rfind(name);
    return at == std::string::npos ? 0 : std::strtoll(text.c_str() + at + name.size(), nullptr, 10);
}

}  // namespace

RunProgress run_progress(const std::string& folder) {
    constexpr std::streamoff last_bytes = 4096;  // more than some lines of steps
    std::ifstream file(RunPaths(folder).metrics(), std::ios::binary);
    std::string first;
    if (!std::getline(file, first)) return {};
    RunProgress progress = {.steps = last_number(first, "\"steps\":")};
    file.seekg(0, std::ios::end);
    const std::streamoff size = file.tellg();
    file.seekg(std::max<std::streamoff>(0, size - last_bytes));
    std::string text(static_cast<size_t>(std::min(size, last_bytes)), '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    progress.step = last_number(text, "{\"event\":\"step\",\"step\":");
    return progress;
}

}  // namespace heed
