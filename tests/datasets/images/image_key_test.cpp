#include "heed/datasets/images/image_key.h"

#include <gtest/gtest.h>

#include <set>

#include "heed/core/error.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"

namespace heed::image_key_test {
namespace {

TEST(ByteKey, DiffersWhereverAByteDiffers) {
    std::set<uint64_t> keys;
    for (const std::size_t size : {0U, 1U, 7U, 8U, 9U, 16U, 100U}) {
        std::vector<uint8_t> bytes(size, 3);
        keys.insert(byte_key(bytes));
        EXPECT_EQ(byte_key(bytes), byte_key(std::vector<uint8_t>(size, 3)));
        for (uint8_t& byte : bytes) {
            byte = 4;
            keys.insert(byte_key(bytes));
            byte = 3;
        }
    }
    EXPECT_EQ(keys.size(), 7U + 1 + 7 + 8 + 9 + 16 + 100);
}

TEST(FileKey, IsThatOfEqualFilesAndNoticesWhatChanges) {
    test::TemporaryFolder folder;
    const std::string file = folder / "a";
    std::set<uint64_t> keys;
    std::vector<uint8_t> bytes;
    for (const std::size_t size : {0U, 5U, 16384U, 16385U, 100000U}) {
        bytes.assign(size, 9);
        test::write_bytes(file, bytes);
        test::write_bytes(folder / "b", bytes);
        EXPECT_EQ(file_key(file), file_key(folder / "b"));
        keys.insert(file_key(file));
        for (const std::size_t place : {std::size_t{0}, size / 2, size - 1}) {
            if (size == 0) continue;
            bytes[place] ^= 1;
            test::write_bytes(file, bytes);
            keys.insert(file_key(file));
            bytes[place] ^= 1;
        }
    }
    EXPECT_EQ(keys.size(), 5U + 4 * 3);
    EXPECT_EQ(test::message_of<UserError>([&] { file_key(folder / "none"); }),
              "cannot read " + (folder / "none") + ": No such file or directory");
}

}  // namespace
}  // namespace heed::image_key_test
