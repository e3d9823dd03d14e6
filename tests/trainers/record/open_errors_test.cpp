#include <gtest/gtest.h>

#include "heed/core/error.h"
#include "heed/core/version.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/restricted.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/trainers/record/event_file.h"
#include "heed/trainers/record/metrics_log.h"
#include "heed/trainers/record/run_log.h"
#include "heed/trainers/run/run_folder.h"

namespace heed::open_errors_test {
namespace {

using test::message_of;

/// A machine that has no more to give is no mistake of the user's, and each file says why it cannot be opened.
TEST(OpenErrors, OfTheFilesOfARun) {
    if (*build_info().sanitizers != '\0') GTEST_SKIP() << "the sanitizers open files to look at objects";
    const test::TemporaryFolder folder;
    const std::string path = folder / "file";
    std::string metrics, events, log, run;
    {
        const test::NoMoreFiles limit;
        metrics = message_of<Error>([&] { MetricsLog(path, MetricsLog::Mode::start_new); });
        events = message_of<Error>([&] { EventFile(path, 0); });
        log = message_of<Error>([&] { RunLog().open(path); });
        run = message_of<Error>([&] { RunFolder(folder / "run", false); });
    }
    for (const std::string& message : {metrics, events, log}) {
        EXPECT_EQ(message, "cannot write " + path + ": Too many open files");
    }
    EXPECT_EQ(run, "cannot use the run folder " + (folder / "run") + ": Too many open files");
}

TEST(OpenErrors, OfAFolderThatIsMissingIsAUserError) {
    EXPECT_EQ(message_of<UserError>([] { RunLog().open("/no/such/folder/log.txt"); }),
              "cannot write /no/such/folder/log.txt: No such file or directory");
}

}  // namespace
}  // namespace heed::open_errors_test
