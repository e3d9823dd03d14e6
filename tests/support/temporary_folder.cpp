#include "heed/tests/support/temporary_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <system_error>

namespace heed::test {

TemporaryFolder::TemporaryFolder() : path_(std::filesystem::temp_directory_path() / "heed-test-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), "no temporary folder " + path_);
    }
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::size_t TemporaryFolder::entries() const {
    const auto count = std::distance(std::filesystem::directory_iterator(path_), std::filesystem::directory_iterator());
    return static_cast<std::size_t>(count);
}

}  // namespace heed::test
