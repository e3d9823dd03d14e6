#include "heed/trainers/record/run_log.h"

#include <gtest/gtest.h>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/restricted.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::run_log_test {
namespace {

using test::contains;
using test::message_of;

TEST(RunLog, ALineThatCannotBeWrittenIsAnErrorAndTheReasonOfAnEndIsNot) {
    const test::TemporaryFolder folder;
    const std::string path = folder / "log.txt";
    RunLog log;
    log.open(path);
    log.line("the first line");
    {
        const test::FileSizeLimit limit(20);
        EXPECT_EQ(message_of<Error>([&] { log.line("the second line"); }), "cannot write " + path + ": File too large");
        log.failure("why it ends");
    }
    log.failure("room again");
    const std::string text = test::read_text(path);
    EXPECT_TRUE(test::begins_with(text, "the first line\n"));
    EXPECT_TRUE(contains(text, "room again\n"));
}

TEST(RunLog, WithoutAFileTheReasonOfAnEndGoesNowhere) {
    RunLog().failure("why it ends");
}

}  // namespace
}  // namespace heed::run_log_test
