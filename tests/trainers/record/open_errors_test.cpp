#include <gtest/gtest.h>

#include <exception>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/restricted.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/trainers/record/event_file.h"
#include "heed/trainers/record/metrics_log.h"
#include "heed/trainers/record/run_log.h"
#include "heed/trainers/run/run_folder.h"

namespace heed {
namespace {

using test::message_of;

/// What `f` throws. To be looked at when files can be opened again, as the sanitizers open some to look at objects.
template <class F>
std::exception_ptr thrown_by(F&& f) {
    try {
        f();
    } catch (...) {
        return std::current_exception();
    }
    return nullptr;
}

std::string error_message(const std::exception_ptr& thrown) {
    return message_of<Error>([&] {
        if (thrown) std::rethrow_exception(thrown);
    });
}

/// A machine that has no more to give is no mistake of the user's, and each file says why it cannot be opened.
TEST(OpenErrors, OfTheFilesOfARun) {
    const test::TemporaryFolder folder;
    const std::string path = folder / "file";
    std::exception_ptr metrics, events, log, run;
    {
        const test::NoMoreFiles limit;
        metrics = thrown_by([&] { MetricsLog(path, MetricsLog::Mode::start_new); });
        events = thrown_by([&] { EventFile(path, 0); });
        log = thrown_by([&] { RunLog().open(path); });
        run = thrown_by([&] { RunFolder(folder / "run", false); });
    }
    for (const std::exception_ptr& thrown : {metrics, events, log}) {
        EXPECT_EQ(error_message(thrown), "cannot write " + path + ": Too many open files");
    }
    EXPECT_EQ(error_message(run), "cannot use the run folder " + (folder / "run") + ": Too many open files");
}

TEST(OpenErrors, OfAFolderThatIsMissingIsAUserError) {
    EXPECT_EQ(message_of<UserError>([] { RunLog().open("/no/such/folder/log.txt"); }),
              "cannot write /no/such/folder/log.txt: No such file or directory");
}

}  // namespace
}  // namespace heed
