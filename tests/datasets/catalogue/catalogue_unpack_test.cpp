#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/catalogue/checksum_list.h"
#include "heed/datasets/catalogue/unpack.h"
#include "heed/tests/support/archives.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::catalogue_unpack_test {
namespace {

namespace fs = std::filesystem;
using test::ArchiveEntry;
using test::contains;
using test::gzip;
using test::message_of;
using test::read_text;
using test::tar;
using test::write_text;
using test::zip;

class CatalogueUnpack : public testing::Test {
protected:
    void unpack_bytes(const std::string& bytes, const UnpackLimits& limits = {}) {
        write_text(archive_, bytes);
        fs::remove_all(target_);
        unpack(archive_, target_, limits);
    }

    std::string refusal(const std::string& bytes, const UnpackLimits& limits = {}) {
        const std::string message = message_of<UserError>([&] { unpack_bytes(bytes, limits); });
        EXPECT_TRUE(contains(message, "'" + archive_ + "'"));
        return message;
    }

    std::string refusal_of_tar(const std::vector<ArchiveEntry>& entries) { return refusal(gzip(tar(entries))); }

    /// Names of everything outside of the target: only the archive may be there.
    size_t outside() const { return folder_.entries() - (fs::exists(target_) ? 1 : 0); }

    test::TemporaryFolder folder_;
    const std::string archive_ = folder_ / "archive";
    const std::string target_ = folder_ / "target";
};

TEST_F(CatalogueUnpack, TarGzAndZipGiveTheirFiles) {
    const std::string large(700'000, 'x');
    const std::vector<ArchiveEntry> entries = {
        {"top/", "", '5'}, {"top/a.txt", "first"}, {"top/deep/er/b.txt", large}, {"./top/empty", ""}};
    unpack_bytes(gzip(tar(entries)));
    EXPECT_EQ(read_text(target_ + "/top/a.txt"), "first");
    EXPECT_EQ(read_text(target_ + "/top/deep/er/b.txt"), large);
    EXPECT_EQ(files_of(target_).size(), 3u);
    unpack_bytes(zip({{"top/"}, {"top/a.txt", "first"}, {"top/b", large}}));
    EXPECT_EQ(read_text(target_ + "/top/a.txt"), "first");
    EXPECT_EQ(read_text(target_ + "/top/b"), large);
}

TEST_F(CatalogueUnpack, PathsThatLeaveTheFolderAreRefused) {
    EXPECT_TRUE(contains(refusal_of_tar({{"../evil", "x"}}), "\"../evil\" leads out of the folder"));
    EXPECT_TRUE(contains(refusal_of_tar({{"top/../../evil", "x"}}), "leads out of the folder"));
    EXPECT_TRUE(contains(refusal_of_tar({{folder_ / "evil", "x"}}), "has an absolute path"));
    EXPECT_TRUE(contains(refusal_of_tar({{"..", "", '5'}}), "leads out of the folder"));
    EXPECT_TRUE(contains(refusal(zip({{"../evil", "x"}})), "leads out of the folder"));
    EXPECT_TRUE(contains(refusal(zip({{folder_ / "evil", "x"}})), "has an absolute path"));
    EXPECT_EQ(outside(), 1u);
}

TEST_F(CatalogueUnpack, LinksAndDevicesAreRefused) {
    EXPECT_TRUE(contains(refusal_of_tar({{"link", "", '2', "/etc"}, {"link/evil", "x"}}), "\"link\" is a link"));
    EXPECT_TRUE(contains(refusal_of_tar({{"link", "", '2', "inside"}}), "\"link\" is a link"));
    EXPECT_TRUE(contains(refusal_of_tar({{"hard", "", '1', "/etc/passwd"}}), "\"hard\" is a link"));
    EXPECT_TRUE(contains(refusal_of_tar({{"device", "", '3'}}), "is neither a file nor a folder"));
    EXPECT_TRUE(contains(refusal_of_tar({{"pipe", "", '6'}}), "is neither a file nor a folder"));
}

TEST_F(CatalogueUnpack, NamesThatCollideAreRefused) {
    EXPECT_TRUE(contains(refusal_of_tar({{"a", "1"}, {"a", "2"}}), "\"a\" comes twice"));
    EXPECT_TRUE(contains(refusal_of_tar({{"a", "1"}, {"./a", "2"}}), "\"./a\" comes twice"));
    EXPECT_TRUE(contains(refusal_of_tar({{"a", "1"}, {"a/b", "2"}}), "\"a/b\" needs a folder where there is a file"));
    EXPECT_TRUE(contains(refusal_of_tar({{"a", "1"}, {"a", "", '5'}}), "needs a folder where there is a file"));
    EXPECT_TRUE(contains(refusal_of_tar({{"a", "", '5'}, {"a", "1"}}), "comes twice"));
}

TEST_F(CatalogueUnpack, NamesThatNoFileCanHaveAreRefused) {
    const std::string longest(300, 'n');
    EXPECT_TRUE(contains(refusal(zip({{longest, "x"}})), "has a name that cannot be used here: File name too long"));
    EXPECT_TRUE(contains(refusal(zip({{longest + "/a", "x"}})), "has a name that cannot be used here"));
    std::string deep;
    for (int i = 0; i < 3000; ++i) deep += "d/";
    EXPECT_TRUE(contains(refusal(zip({{deep + "a", "x"}})), "has a name that cannot be used here"));
}

TEST_F(CatalogueUnpack, ArchivesThatWouldFillTheDiskAreRefused) {
    const std::string zeros(1'000'000, '\0');  // packs to a thousandth
    EXPECT_TRUE(contains(refusal(gzip(tar({{"a", zeros}, {"b", zeros}})), {.bytes = 1'999'999}),
                         "holds more than 1999999 bytes"));
    unpack_bytes(gzip(tar({{"a", zeros}, {"b", zeros}})), {.bytes = 2'000'000});
    const std::string three = gzip(tar({{"a", "", '5'}, {"b", "", '5'}, {"c", "", '5'}}));
    EXPECT_TRUE(contains(refusal(three, {.entries = 2}), "holds more than 2 entries"));
    unpack_bytes(three, {.entries = 3});
}

TEST_F(CatalogueUnpack, DamageIsNamed) {
    std::string noise(600'000, '\0');
    unsigned state = 1;
    for (char& c : noise) c = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
    const std::string packed = gzip(tar({{"a", noise}, {"b", "end"}}));
    for (const size_t size : {size_t{0}, size_t{5}, size_t{300}, packed.size() / 2, packed.size() - 5}) {
        EXPECT_TRUE(contains(refusal(packed.substr(0, size)), size == 0 ? "is" : "is damaged or cut short")) << size;
    }
    std::string zipped = zip({{"a", noise}});
    EXPECT_TRUE(contains(refusal(zipped.substr(0, zipped.size() / 2)), "is damaged or cut short"));
    zipped[zipped.size() / 2] ^= 0x55;
    EXPECT_TRUE(contains(refusal(zipped), "is damaged or cut short"));
    EXPECT_TRUE(contains(refusal("<html>this is no archive</html>"), "is damaged or cut short"));
}

TEST_F(CatalogueUnpack, NothingIsUnpackedIntoAFolderThatHoldsSomething) {
    write_text(archive_, gzip(tar({{"a", "1"}})));
    fs::create_directory(target_);
    write_text(target_ + "/mine", "precious");
    EXPECT_TRUE(contains(message_of<UserError>([&] { unpack(archive_, target_); }), "is not empty"));
    EXPECT_FALSE(fs::exists(target_ + "/a"));
}

}  // namespace
}  // namespace heed::catalogue_unpack_test
