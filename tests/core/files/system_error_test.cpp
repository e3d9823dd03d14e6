#include "heed/core/files/system_error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/core/files/mapped_file.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/restricted.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::system_error_test {
namespace {

using test::message_of;

TEST(SystemError, WhatTheUserCanMendIsAUserError) {
    for (const int error : {EACCES, EPERM, EROFS, ENOENT, ENOTDIR, EISDIR, ENAMETOOLONG, ELOOP}) {
        EXPECT_THROW(throw_system_error("cannot write x", error), UserError) << error;
    }
    EXPECT_EQ(message_of<UserError>([] { throw_system_error("cannot write x", EACCES); }),
              "cannot write x: Permission denied");
}

TEST(SystemError, WhatTheMachineLacksIsAnError) {
    for (const int error : {ENOSPC, EIO, EDQUOT, ENOMEM, EMFILE, ENFILE, EFBIG}) {
        EXPECT_FALSE(message_of<Error>([&] { throw_system_error("cannot write x", error); }).starts_with("(")) << error;
    }
    EXPECT_EQ(message_of<Error>([] { throw_system_error("cannot write x", ENOSPC); }),
              "cannot write x: No space left on device");
}

TEST(SystemError, FilesGiveTheReason) {
    const test::TemporaryFolder folder;
    const std::string path = folder / "file";
    test::write_text(path, "x");
    std::string written, read;
    {
        const test::NoMoreFiles limit;
        written = message_of<Error>([&] { AtomicFile file(path); });
        read = message_of<Error>([&] { MappedFile file(path); });
    }
    EXPECT_EQ(written, "cannot write " + path + ": Too many open files");
    EXPECT_EQ(read, "cannot read " + path + ": Too many open files");
    EXPECT_EQ(folder.entries(), 1u);
}

}  // namespace
}  // namespace heed::system_error_test
