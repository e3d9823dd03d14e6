#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <thread>

#include "heed/core/error.h"
#include "heed/datasets/catalogue/checksum_list.h"
#include "heed/datasets/catalogue/fetch.h"
#include "heed/datasets/catalogue/local_copy.h"
#include "heed/tests/support/archives.h"
#include "heed/tests/support/http_server.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::catalogue_fetch_test {
namespace {

namespace fs = std::filesystem;
using test::contains;
using test::HttpAnswer;
using test::HttpRequest;
using test::HttpServer;
using test::message_of;
using test::read_text;
using test::write_text;

CatalogueFile published(const std::string& name, const std::string& content) {
    Digest digest("sha256");
    digest.update(content.data(), content.size());
    return {name, {"http://127.0.0.1:1/" + name}, static_cast<int64_t>(content.size()), digest.finish()};
}

/// A server that plays a mirror of two data sets: `pair` in two plain files, `packed` in an archive.
class CatalogueFetch : public testing::Test {
protected:
    CatalogueFetch() {
        pair_ = {.name = "pair", .checksum_source = "the test", .folder = "pair-folder", .probes = {"one.gz"}};
        pair_.files = {published("one.gz", "first file"), published("two.gz", "second file")};
        served_ = {{"/pair/one.gz", "first file"}, {"/pair/two.gz", "second file"}};
        packed_ = {.name = "packed", .checksum_source = "the test", .folder = "top", .probes = {"train.bin"}};
        serve_archive(test::gzip(test::tar({{"top/", "", '5'}, {"top/train.bin", "abc"}, {"top/sub/x", "def"}})));
        options_.to = folder_ / "data";
        options_.mirror = server_.url();
        options_.transfer = {.connect_seconds = 5, .silence_seconds = 5};
    }

    void serve_archive(const std::string& archive) {
        served_["/packed/packed.tar.gz"] = archive;
        packed_.files = {published("packed.tar.gz", archive)};
    }

    HttpAnswer answer(const HttpRequest& request) {
        const auto found = served_.find(request.path);
        return found == served_.end() ? HttpAnswer{.status = 404} : test::file_answer(request, found->second);
    }

    Fetched get(const CatalogueEntry& entry) { return fetch(entry, options_, {}); }

    std::string path(const std::string& name) const { return (options_.to / name).string(); }

    test::TemporaryFolder folder_;
    std::map<std::string, std::string> served_;
    CatalogueEntry pair_, packed_;
    FetchOptions options_;
    HttpServer server_{[this](const HttpRequest& request) { return answer(request); }};
};

TEST_F(CatalogueFetch, PlainFilesStayAsTheyAre) {
    const Fetched done = get(pair_);
    EXPECT_EQ(done.folder, path("pair-folder"));
    EXPECT_FALSE(done.was_there);
    EXPECT_TRUE(done.verified);
    ASSERT_EQ(done.files.size(), 2u);
    EXPECT_TRUE(contains(done.files[0], "one.gz: 10 bytes, from " + server_.url("/pair/one.gz") + ", sha256 "));
    EXPECT_EQ(read_text(path("pair-folder/two.gz")), "second file");
    EXPECT_EQ(files_of(path("pair-folder")).size(), 3u);
    EXPECT_TRUE(get(pair_).was_there);
    EXPECT_EQ(server_.requests().size(), 2u);
}

TEST_F(CatalogueFetch, OnlyWhatIsMissingIsFetched) {
    get(pair_);
    fs::remove(path("pair-folder/one.gz"));
    EXPECT_FALSE(get(pair_).was_there);
    EXPECT_EQ(server_.requests().size(), 3u);
    EXPECT_EQ(server_.requests().back().path, "/pair/one.gz");
}

TEST_F(CatalogueFetch, OtherFilesInTheWayAreNotOverwritten) {
    get(pair_);
    write_text(path("pair-folder/one.gz"), "other file");
    EXPECT_TRUE(contains(message_of<UserError>([&] { get(pair_); }), "instead of the published sha256 "));
    write_text(path("pair-folder/one.gz"), "longer than it was");
    EXPECT_TRUE(
        contains(message_of<UserError>([&] { get(pair_); }), "with 18 bytes instead of the published 10 bytes"));
    EXPECT_EQ(read_text(path("pair-folder/one.gz")), "longer than it was");
}

TEST_F(CatalogueFetch, ArchiveIsUnpackedAndRemoved) {
    const Fetched done = get(packed_);
    EXPECT_EQ(done.folder, path("top"));
    EXPECT_EQ(read_text(path("top/train.bin")), "abc");
    EXPECT_EQ(files_of(options_.to), (std::vector<std::string>{"top/SHA256SUMS", "top/sub/x", "top/train.bin"}));
    EXPECT_TRUE(contains(read_text(path("top/SHA256SUMS")), "# packed.tar.gz: "));
    EXPECT_TRUE(get(packed_).was_there);
    EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(CatalogueFetch, ArchiveThatWasBroughtByHandIsTaken) {
    fs::create_directories(options_.to);
    write_text(path("packed.tar.gz"), served_.at("/packed/packed.tar.gz"));
    EXPECT_TRUE(contains(get(packed_).files.at(0), "already there"));
    EXPECT_TRUE(server_.requests().empty());
    EXPECT_TRUE(fs::exists(path("top/train.bin")));
}

TEST_F(CatalogueFetch, FolderThatIsNotOursIsLeftAlone) {
    fs::create_directories(path("top"));
    EXPECT_TRUE(contains(message_of<UserError>([&] { get(packed_); }), "that 'heed data get' has not made"));
    EXPECT_TRUE(fs::is_empty(path("top")));
    write_text(folder_ / "file", "");
    options_.to = folder_ / "file";
    EXPECT_TRUE(contains(message_of<UserError>([&] { get(packed_); }), "cannot make the folder"));
}

TEST_F(CatalogueFetch, EvilArchiveLeavesNothing) {
    serve_archive(test::gzip(test::tar({{"top/train.bin", "abc"}, {"../evil", "x"}})));
    EXPECT_TRUE(contains(message_of<UserError>([&] { get(packed_); }), "leads out of the folder"));
    EXPECT_EQ(files_of(folder_.path()), std::vector<std::string>{"data/packed.tar.gz"});
    EXPECT_FALSE(fs::exists(path("top")));
    EXPECT_FALSE(fs::exists(path(".unpacking-packed")));
}

TEST_F(CatalogueFetch, ArchiveWithAnImpossibleNameIsRemoved) {
    serve_archive(test::zip({{"top/train.bin", "abc"}, {"top/" + std::string(300, 'n'), "x"}}));
    packed_.files[0].size = 0;
    packed_.files[0].checksum = {};
    const std::string message = message_of<UserError>([&] { get(packed_); });
    EXPECT_TRUE(contains(message, "has a name that cannot be used here: File name too long"));
    EXPECT_TRUE(contains(message, "it was removed, so that another attempt starts afresh"));
    EXPECT_TRUE(files_of(folder_.path()).empty());
}

TEST_F(CatalogueFetch, DamagedArchiveWithoutPublishedChecksumIsRemoved) {
    served_["/packed/packed.tar.gz"].resize(60);
    packed_.files[0].size = 0;
    packed_.files[0].checksum = {};
    const std::string message = message_of<UserError>([&] { get(packed_); });
    EXPECT_TRUE(contains(message, "is damaged or cut short"));
    EXPECT_TRUE(contains(message, "it was removed, so that another attempt starts afresh"));
    EXPECT_TRUE(files_of(folder_.path()).empty());
}

TEST_F(CatalogueFetch, ArchiveWithoutTheFolderIsRefused) {
    serve_archive(test::gzip(test::tar({{"other/train.bin", "abc"}})));
    EXPECT_TRUE(contains(message_of<UserError>([&] { get(packed_); }), "holds no folder 'top'"));
}

TEST_F(CatalogueFetch, WhatAKilledUnpackingLeftIsRemoved) {
    fs::create_directories(path(".unpacking-packed/top"));
    write_text(path(".unpacking-packed/top/train.bin"), "ab");
    get(packed_);
    EXPECT_EQ(read_text(path("top/train.bin")), "abc");
    EXPECT_FALSE(fs::exists(path(".unpacking-packed")));
}

TEST_F(CatalogueFetch, TwoAtOnceGiveOneCopy) {
    std::thread other([&] { get(packed_); });
    get(packed_);
    other.join();
    EXPECT_EQ(server_.requests().size(), 1u);
    EXPECT_EQ(read_text(path("top/train.bin")), "abc");
}

TEST_F(CatalogueFetch, UnknownChecksumIsNotCalledVerified) {
    packed_.files[0].checksum = {};
    const Fetched done = get(packed_);
    EXPECT_FALSE(done.verified);
    EXPECT_TRUE(contains(done.files.at(0), "not verified: no checksum is published"));
    EXPECT_TRUE(contains(read_text(path("top/SHA256SUMS")), "not verified"));
}

TEST_F(CatalogueFetch, VerificationFindsWhatChanged) {
    get(pair_);
    get(packed_);
    Verification result = verify_local_copy(&pair_, path("pair-folder"));
    EXPECT_EQ(result.against, "the published checksums (the test)");
    EXPECT_EQ(result.checked, 2);
    EXPECT_TRUE(result.problems.empty());
    write_text(path("pair-folder/one.gz"), "first File");
    fs::remove(path("pair-folder/two.gz"));
    result = verify_local_copy(&pair_, path("pair-folder"));
    ASSERT_EQ(result.problems.size(), 2u);
    EXPECT_TRUE(contains(result.problems[0], "one.gz: expected " + to_string(pair_.files[0].checksum) + ", found "));
    EXPECT_EQ(result.problems[1], "two.gz: missing");

    result = verify_local_copy(&packed_, path("top"));
    EXPECT_TRUE(contains(result.against, "SHA256SUMS"));
    EXPECT_EQ(result.checked, 2);
    EXPECT_TRUE(result.problems.empty());
    write_text(path("top/sub/x"), "dEf");
    EXPECT_EQ(verify_local_copy(&packed_, path("top")).problems.size(), 1u);
    EXPECT_EQ(verify_local_copy(nullptr, folder_.path()).against, "");
}

TEST_F(CatalogueFetch, LocalCopiesAreFoundAndRecognised) {
    setenv("HEED_DATA", options_.to.c_str(), 1);
    EXPECT_EQ(find_local_copy("cifar10"), "");
    fs::create_directories(path("cifar-10-batches-bin"));
    write_text(path("cifar-10-batches-bin/test_batch.bin"), "");
    EXPECT_EQ(find_local_copy("cifar10"), path("cifar-10-batches-bin"));
    fs::create_directories(path("kmnist"));
    write_text(path("kmnist/train-images-idx3-ubyte"), "12");
    EXPECT_EQ(find_local_copy("kmnist"), path("kmnist"));
    const auto names = data_sets_in(path("kmnist"));
    ASSERT_EQ(names.size(), 3u);
    EXPECT_EQ(names[0], "kmnist");
    EXPECT_TRUE(data_sets_in(folder_.path()).empty());
    EXPECT_EQ(folder_size(options_.to).files, 2);
    EXPECT_EQ(folder_size(options_.to).bytes, 2);
    unsetenv("HEED_DATA");
}

}  // namespace
}  // namespace heed::catalogue_fetch_test
