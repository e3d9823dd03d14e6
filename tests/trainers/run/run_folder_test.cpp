#include "heed/trainers/run/run_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/restricted.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::run_folder_test {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::write_text;

struct RunFolderTest : testing::Test {
    test::TemporaryFolder folder;
    std::string dir = folder / "runs/vit/1";

    std::string error(bool resume) {
        return message_of<UserError>([&] { RunFolder run(dir, resume); });
    }
};

TEST_F(RunFolderTest, MakesAFreshFolder) {
    const RunFolder run(dir, false);
    EXPECT_EQ(run.state(), RunState::fresh);
    EXPECT_EQ(run.paths().folder(), dir);
    EXPECT_TRUE(fs::is_directory(run.paths().checkpoints()));
}

TEST_F(RunFolderTest, PathsOfTheLayout) {
    const RunPaths paths("r");
    EXPECT_EQ(paths.recipe(), "r/recipe.yaml");
    EXPECT_EQ(paths.metrics(), "r/metrics.jsonl");
    EXPECT_EQ(paths.log(), "r/log.txt");
    EXPECT_EQ(paths.report(), "r/report.html");
    EXPECT_EQ(paths.last_checkpoint(), "r/checkpoints/last.safetensors");
    EXPECT_EQ(paths.best_checkpoint(), "r/checkpoints/best.safetensors");
    EXPECT_EQ(run_state(paths), RunState::fresh);
}

TEST_F(RunFolderTest, NumbersFollowTheLargest) {
    const std::string parent = folder / "runs/vit";
    EXPECT_FALSE(latest_run_in(parent).has_value());
    {
        const RunFolder first = RunFolder::next_in(parent);
        EXPECT_EQ(first.paths().folder(), parent + "/1");
        const RunFolder second = RunFolder::next_in(parent);
        EXPECT_EQ(second.paths().folder(), parent + "/2");
    }
    for (const char* other : {"9", "10", "011", "12x", "-13", "notes"}) fs::create_directories(parent + "/" + other);
    write_text(parent + "/11", "a file with a number as its name");
    EXPECT_EQ(RunFolder::next_in(parent).paths().folder(), parent + "/12");
    EXPECT_EQ(latest_run_in(parent), parent + "/12");
}

TEST_F(RunFolderTest, RunsOfTheSameFolderExcludeEachOther) {
    {
        RunFolder first(dir, false);
        EXPECT_EQ(error(false), "cannot use the run folder " + dir + ": another run is using it");
        EXPECT_EQ(error(true), "cannot use the run folder " + dir + ": another run is using it");
        const RunFolder moved(std::move(first));
        EXPECT_EQ(error(true), "cannot use the run folder " + dir + ": another run is using it");
    }
    EXPECT_EQ(RunFolder(dir, false).state(), RunState::fresh) << "the lock must end with the run";
}

TEST_F(RunFolderTest, TheLockDiesWithItsProcess) {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        const RunFolder run(dir, false);
        if (write(ready[1], "x", 1) != 1) _exit(1);
        while (true) pause();
    }
    char byte;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    EXPECT_EQ(error(true), "cannot use the run folder " + dir + ": another run is using it");
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    EXPECT_EQ(RunFolder(dir, true).state(), RunState::fresh);
    close(ready[0]);
    close(ready[1]);
}

TEST_F(RunFolderTest, ARunWithACheckpointIsOnlyResumed) {
    { write_text(RunFolder(dir, false).paths().last_checkpoint(), "weights"); }
    EXPECT_EQ(error(false), "cannot use the run folder " + dir +
                                ": it holds a run that has not ended; continue it with --resume or choose another "
                                "run.dir");
    EXPECT_EQ(RunFolder(dir, true).state(), RunState::resumable);
    EXPECT_EQ(test::read_text(RunPaths(dir).last_checkpoint()), "weights");
}

TEST_F(RunFolderTest, AFinishedRunIsNotOverwritten) {
    { RunFolder(dir, false).mark_finished(); }
    EXPECT_EQ(error(false), "cannot use the run folder " + dir + ": it holds a finished run; choose another run.dir");
    {
        RunFolder run(dir, true);
        EXPECT_EQ(run.state(), RunState::finished);
        run.mark_unfinished();
        run.mark_unfinished();
    }
    EXPECT_EQ(RunFolder(dir, true).state(), RunState::fresh);
}

TEST_F(RunFolderTest, ResumingWithoutACheckpointIsFresh) {
    { write_text(RunFolder(dir, false).paths().metrics(), "{}\n"); }
    EXPECT_EQ(RunFolder(dir, true).state(), RunState::fresh);
    EXPECT_EQ(RunFolder(dir, false).state(), RunState::fresh);
}

TEST_F(RunFolderTest, RemovesTemporaryFilesOfAKilledRun) {
    { const RunFolder run(dir, false); }
    write_text(dir + "/.recipe.yaml.77-0.heed-tmp", "half");
    write_text(dir + "/checkpoints/.last.safetensors.77-1.heed-tmp", "half");
    write_text(dir + "/checkpoints/last.safetensors", "whole");
    const RunFolder run(dir, true);
    EXPECT_FALSE(fs::exists(dir + "/.recipe.yaml.77-0.heed-tmp"));
    EXPECT_FALSE(fs::exists(dir + "/checkpoints/.last.safetensors.77-1.heed-tmp"));
    EXPECT_TRUE(fs::exists(dir + "/checkpoints/last.safetensors"));
}

TEST_F(RunFolderTest, LeavesForeignFoldersAlone) {
    fs::create_directories(dir);
    write_text(dir + "/recipe.yaml", "mine");
    EXPECT_EQ(error(false), "cannot use the run folder " + dir +
                                ": it holds files but no run; choose a new or empty folder as run.dir");
    EXPECT_EQ(test::read_text(dir + "/recipe.yaml"), "mine");
    EXPECT_FALSE(fs::exists(dir + "/.lock"));
    fs::remove(dir + "/recipe.yaml");
    EXPECT_EQ(RunFolder(dir, false).state(), RunState::fresh) << "an empty folder may be used";
}

TEST_F(RunFolderTest, PlacesThatCannotBeWrittenTo) {
    EXPECT_EQ(message_of<UserError>([] { RunFolder run("", false); }), "the run folder has an empty name");
    fs::create_directories(folder / "runs");
    write_text(folder / "runs/vit", "a file in the way");
    EXPECT_EQ(error(false), "cannot use the run folder " + dir + ": Not a directory");
    const std::string parent = folder / "runs/vit";
    EXPECT_EQ(message_of<UserError>([&] { RunFolder::next_in(parent); }),
              "cannot use the run folder " + parent + ": Not a directory");
}

TEST_F(RunFolderTest, ReadOnlyFolder) {
    { const RunFolder run(dir, false); }
    chmod(folder.path().c_str(), 0755);
    const std::string parent = folder / "runs/vit";
    chmod(parent.c_str(), 0555);
    const std::string lock = dir + "/.lock";
    const std::string checkpoints = dir + "/checkpoints";
    const auto error_with_modes = [&](mode_t of_lock, mode_t of_folder, mode_t of_checkpoints) {
        chmod(lock.c_str(), of_lock);
        chmod(dir.c_str(), of_folder);
        chmod(checkpoints.c_str(), of_checkpoints);
        const test::OrdinaryUser user;
        return error(true);
    };
    const std::string denied = "cannot use the run folder " + dir + ": Permission denied";
    EXPECT_EQ(error_with_modes(0666, 0777, 0777), "(nothing thrown)");
    EXPECT_EQ(error_with_modes(0444, 0777, 0777), denied);
    EXPECT_EQ(error_with_modes(0666, 0555, 0777), denied);
    EXPECT_EQ(error_with_modes(0666, 0777, 0555), denied);
    {
        const test::OrdinaryUser user;
        EXPECT_EQ(message_of<UserError>([&] { RunFolder::next_in(parent); }),
                  "cannot use the run folder " + parent + "/2: Permission denied");
    }
    for (const std::string& path : {parent, dir, checkpoints}) chmod(path.c_str(), 0755);
}

TEST_F(RunFolderTest, IsTriedWithoutATrace) {
    RunFolder::check(dir);
    RunFolder::check_next_in(folder / "runs/vit");
    EXPECT_EQ(folder.entries(), 0u);
    const auto refusal = [](const std::string& path) { return message_of<UserError>([&] { RunFolder::check(path); }); };
    write_text(folder / "file", "");
    EXPECT_TRUE(test::contains(refusal(folder / "file/run"), "Not a directory"));
    fs::create_directories(folder / "mine");
    RunFolder::check(folder / "mine");
    write_text(folder / "mine/letter.txt", "");
    EXPECT_TRUE(test::contains(refusal(folder / "mine"), "it holds files but no run"));
    RunFolder::check_next_in(folder / "mine");
    { RunFolder(dir, false).mark_finished(); }
    EXPECT_TRUE(test::contains(refusal(dir), "it holds a finished run"));
    EXPECT_EQ(refusal(dir), error(false)) << "the same as opening it";
}

}  // namespace
}  // namespace heed::run_folder_test
