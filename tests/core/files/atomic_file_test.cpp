#include "heed/core/files/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/restricted.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::atomic_file_test {
namespace {

using test::contains;
using test::message_of;
using test::read_text;

struct AtomicFileTest : testing::Test {
    test::TemporaryFolder folder;
    std::string path = folder / "data.bin";
};

TEST_F(AtomicFileTest, WritesANewFile) {
    AtomicFile file(path);
    file.write("one ");
    file.write("two");
    EXPECT_FALSE(std::filesystem::exists(path)) << "nothing may be seen before commit()";
    file.commit();
    EXPECT_EQ(read_text(path), "one two");
    EXPECT_EQ(folder.entries(), 1u);
}

TEST_F(AtomicFileTest, ReplacesAnOldFile) {
    test::write_text(path, "a longer old text");
    write_file_atomically(path, "new");
    EXPECT_EQ(read_text(path), "new");
    EXPECT_EQ(folder.entries(), 1u);
}

TEST_F(AtomicFileTest, KeepsTheOldFileWithoutCommit) {
    test::write_text(path, "old");
    {
        AtomicFile file(path);
        file.write("new");
        ASSERT_EQ(folder.entries(), 2u);
        for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
            EXPECT_EQ(is_temporary_file_name(entry.path().filename().string()), entry.path() != path);
        }
    }
    EXPECT_EQ(read_text(path), "old");
    EXPECT_EQ(folder.entries(), 1u);
}

TEST_F(AtomicFileTest, KeepsTheOldFileWhenTheDiskIsFull) {
    test::write_text(path, "old");
    const test::FileSizeLimit limit(1000);
    const std::string big(2000, 'x');
    const std::string message = message_of<Error>([&] { write_file_atomically(path, big); });
    EXPECT_TRUE(contains(message, "cannot write " + path));
    EXPECT_TRUE(contains(message, "File too large"));
    EXPECT_EQ(read_text(path), "old");
    EXPECT_EQ(folder.entries(), 1u) << "the temporary file must be removed";
}

TEST_F(AtomicFileTest, CannotBeUsedAfterCommit) {
    AtomicFile file(path);
    file.write("text");
    file.commit();
    EXPECT_THROW(file.write("more"), Error);
    EXPECT_THROW(file.commit(), Error);
    EXPECT_EQ(read_text(path), "text");
}

TEST_F(AtomicFileTest, NamesPathAndReasonWhenItCannotWrite) {
    const std::string missing = folder / "missing/data.bin";
    EXPECT_EQ(message_of<UserError>([&] { AtomicFile file(missing); }),
              "cannot write " + missing + ": No such file or directory");

    EXPECT_EQ(message_of<UserError>([&] { AtomicFile file(folder.path()); }),
              "cannot write " + folder.path() + ": it is a folder");

    test::write_text(path, "old");
    chmod(folder.path().c_str(), 0555);  // entering is allowed, writing not
    {
        const test::OrdinaryUser user;
        EXPECT_EQ(message_of<UserError>([&] { write_file_atomically(path, "new"); }),
                  "cannot write " + path + ": Permission denied");
    }
    chmod(folder.path().c_str(), 0755);
    EXPECT_EQ(read_text(path), "old");
}

TEST_F(AtomicFileTest, DoesNotReplaceADevice) {
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    EXPECT_EQ(message_of<UserError>([&] { write_file_atomically(path, "text"); }),
              "cannot write " + path + ": it is not a regular file");
    EXPECT_TRUE(std::filesystem::is_fifo(path));
}

TEST_F(AtomicFileTest, TwoWritersDoNotDisturbEachOther) {
    AtomicFile first(path);
    AtomicFile second(path);
    first.write("first");
    second.write("second");
    second.commit();
    EXPECT_EQ(read_text(path), "second");
    first.commit();
    EXPECT_EQ(read_text(path), "first");
}

TEST_F(AtomicFileTest, WorksInTheCurrentFolder) {
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    write_file_atomically("plain.txt", "text");
    std::filesystem::current_path(before);
    EXPECT_EQ(read_text(folder / "plain.txt"), "text");
}

TEST(TemporaryFileName, OrdinaryNamesAreNone) {
    for (const char* name : {"last.safetensors", ".lock", "metrics.jsonl", "", ".", "x.heed-tmp", ".heed-tmp"}) {
        EXPECT_FALSE(is_temporary_file_name(name)) << name;
    }
}

TEST_F(AtomicFileTest, APlaceIsTriedWithoutATrace) {
    check_writable(path);
    EXPECT_EQ(folder.entries(), 0u);
    test::write_text(path, "old");
    check_writable(path);
    EXPECT_EQ(read_text(path), "old");
    EXPECT_EQ(folder.entries(), 1u);
    EXPECT_TRUE(contains(message_of<UserError>([&] { check_writable(folder / "missing/data.bin"); }),
                         "missing/data.bin: No such file or directory"));
    EXPECT_TRUE(contains(message_of<UserError>([&] { check_writable(folder.path()); }), "it is a folder"));
    EXPECT_TRUE(contains(message_of<UserError>([&] { check_writable("/dev/null"); }), "it is not a regular file"));
    EXPECT_TRUE(contains(message_of<UserError>([&] { check_writable(path + "/below"); }), "Not a directory"));
}

}  // namespace
}  // namespace heed::atomic_file_test
