#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/trainers/kinds/registry.h"

namespace heed::rooms_test {
namespace {

namespace fs = std::filesystem;

/// What a kind of training needs besides its room: a line in the registry. Whoever includes a header of a room
/// elsewhere asks "which kind is this?", which TrainingKind is there to answer.
TEST(Kinds, AreKnownToTheRegistryAlone) {
    const char* root = std::getenv("HEED_SOURCE_DIR");
    ASSERT_NE(root, nullptr);
    const std::regex room_header(R"(#include "heed/trainers/(images|texts|translations|language_models|forecasts)/.*)");
    std::set<std::string> outside;
    int64_t files = 0;
    for (const char* folder : {"trainers", "apps"}) {
        for (const auto& entry : fs::recursive_directory_iterator(fs::path(root) / folder)) {
            const fs::path below = entry.path().lexically_relative(fs::path(root) / folder);
            const std::string room = *below.begin();
            const bool is_room = room == "images" || room == "texts" || room == "translations" ||
                                 room == "language_models" || room == "forecasts";
            if (!entry.is_regular_file() || is_room) continue;
            ++files;
            std::ifstream file(entry.path());
            for (std::string line; std::getline(file, line);) {
                if (std::regex_match(line, room_header)) outside.insert(entry.path().lexically_relative(root));
            }
        }
    }
    EXPECT_GT(files, 50);
    EXPECT_EQ(outside, std::set<std::string>{"trainers/kinds/registry.cpp"});
}

TEST(Kinds, HaveNamesOfTheirOwn) {
    std::set<std::string> ids, names;
    for (const TrainingKind* kind : training_kinds()) {
        EXPECT_TRUE(ids.insert(kind->id()).second) << kind->id();
        EXPECT_TRUE(names.insert(kind->name()).second) << kind->name();
        EXPECT_FALSE(kind->models().empty()) << kind->id();
        EXPECT_FALSE(kind->data_sets().empty()) << kind->id();
        EXPECT_FALSE(kind->served_commands().empty()) << kind->id();
    }
}

}  // namespace
}  // namespace heed::rooms_test
