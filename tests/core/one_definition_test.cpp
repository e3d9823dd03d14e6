#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace heed::one_definition_test {
namespace {

namespace fs = std::filesystem;

using Definitions = std::map<std::string, std::set<std::string>>;  // full name of a type -> files that define it

/// Adds the types that stand directly in a namespace with a name. The layout is that of clang-format: what a namespace
/// holds is not indented, and its end carries its name.
void add_definitions(std::istream& source, const std::string& file, Definitions& definitions) {
    static const std::regex opens(R"(^(?:inline )?namespace ([\w:]*) ?\{$)"), closes(R"(^\}  // namespace.*)"),
        type(R"(^(?:struct|class|union|enum|enum class) (\w+)(?: final)?(?: : [^;]*)? \{.*)");
    std::vector<std::string> spaces;
    std::smatch found;
    for (std::string line; std::getline(source, line);) {
        if (std::regex_match(line, found, opens)) {
            spaces.push_back(found[1]);
        } else if (std::regex_match(line, closes)) {
            if (!spaces.empty()) spaces.pop_back();
        } else if (std::regex_match(line, found, type)) {
            std::string name;
            bool unnamed = false;
            for (const std::string& space : spaces) {
                unnamed = unnamed || space.empty();
                name += space + "::";
            }
            if (!unnamed) definitions[name + std::string(found[1])].insert(file);
        }
    }
}

TEST(OneDefinition, IsWhatTheSearchFindsTwoOf) {
    Definitions definitions;
    std::istringstream first(
        "namespace heed {\n\nstruct A {\n    struct Inner {\n    };\n};\n\nnamespace {\n\nclass B final : public A "
        "{\n};\n\n}  // namespace\n}  // namespace heed\n");
    std::istringstream second(
        "namespace heed {\n\nclass B : public C {\n};\nenum class A : uint8_t { x };\n}  // namespace heed\n");
    add_definitions(first, "first.h", definitions);
    add_definitions(second, "second.h", definitions);
    EXPECT_EQ(definitions, (Definitions{{"heed::A", {"first.h", "second.h"}}, {"heed::B", {"second.h"}}}));
}

/// Two types of one name in one namespace break the program without a word where both reach it, even from different
/// sources.
TEST(OneDefinition, HoldsForEveryTypeOfTheLibrary) {
    const char* root = std::getenv("HEED_SOURCE_DIR");
    ASSERT_NE(root, nullptr);
    Definitions definitions;
    for (const char* folder : {"core", "attention", "layers", "datasets", "trainers", "apps"}) {
        for (const auto& entry : fs::recursive_directory_iterator(fs::path(root) / folder)) {
            const fs::path& path = entry.path();
            if (!entry.is_regular_file() || (path.extension() != ".h" && path.extension() != ".cpp")) continue;
            std::ifstream source(path);
            add_definitions(source, path.lexically_relative(root), definitions);
        }
    }
    EXPECT_GT(definitions.size(), 300U);
    for (const auto& [name, files] : definitions) {
        if (files.size() == 1) continue;
        std::string list;
        for (const std::string& file : files) list += " " + file;
        ADD_FAILURE() << name << " is defined in" << list;
    }
}

}  // namespace
}  // namespace heed::one_definition_test
