#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "heed/tests/card/card_memory.h"

namespace {

constexpr std::string_view option = "--file=";
constexpr int skipped = 77;  // as CTest is told

/// The tests of a source file, or of all below a folder, as a GoogleTest filter; empty: the program has none of them.
std::string filter_of(const std::string& path) {
    const testing::UnitTest& program = *testing::UnitTest::GetInstance();
    std::string filter;
    for (int s = 0; s < program.total_test_suite_count(); ++s) {
        const testing::TestSuite& suite = *program.GetTestSuite(s);
        for (int t = 0; t < suite.total_test_count(); ++t) {
            const testing::TestInfo& test = *suite.GetTestInfo(t);
            const std::string_view file = test.file();
            if (file == path || file.starts_with(path + '/'))
                filter += std::string(suite.name()) + '.' + test.name() + ':';
        }
    }
    return filter;
}

}  // namespace

/// `--file=tests/FOLDER/NAME_test.cpp` or `--file=tests/FOLDER`, once or more often, runs the tests of these files
/// alone. Without it GoogleTest's own options choose.
int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    std::string chosen;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const std::string filter =
            argument.starts_with(option) ? filter_of(std::string(argument.substr(option.size()))) : "";
        if (filter.empty()) {
            std::fprintf(stderr,
                         "expected --file=PATH with a source file or folder of this program's tests, got '%s'\n",
                         argv[i]);
            return 2;
        }
        chosen += filter;
    }
    if (!chosen.empty()) GTEST_FLAG_SET(filter, chosen);
    const std::string lacking = heed::test::share_memory_with_card ? heed::test::share_memory_with_card() : "";
    if (!lacking.empty()) {
        std::printf("Skipped: there is no card to be tested: %s\n", lacking.c_str());
        return skipped;
    }
    return RUN_ALL_TESTS();
}
