#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/catalogue/download.h"
#include "heed/tests/support/http_server.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/restricted.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::catalogue_download_test {
namespace {

namespace fs = std::filesystem;
using test::contains;
using test::file_answer;
using test::HttpAnswer;
using test::HttpRequest;
using test::HttpServer;
using test::message_of;
using test::read_text;

std::string some_bytes(size_t size, int seed = 1) {
    std::string text(size, '\0');
    unsigned state = static_cast<unsigned>(seed);
    for (char& c : text) c = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
    return text;
}

Checksum checksum_of(const std::string& text, const std::string& algorithm = "sha256") {
    Digest digest(algorithm);
    digest.update(text.data(), text.size());
    return digest.finish();
}

class CatalogueDownload : public testing::Test {
protected:
    CatalogueFile file_at(const std::vector<std::string>& urls, bool with_checksum = true) const {
        CatalogueFile file{"file.bin", urls, 0, {}};
        if (with_checksum) {
            file.size = static_cast<int64_t>(body_.size());
            file.checksum = checksum_of(body_);
        }
        return file;
    }

    Downloaded get(const CatalogueFile& file) {
        lines_.clear();
        return download(file, path_, limits_, {[this](const std::string& line) { lines_ += line + "\n"; }, {}});
    }

    std::string error_of(const CatalogueFile& file) {
        return message_of<Error>([&] { get(file); });
    }

    bool nothing_left() const { return folder_.entries() == 0; }

    const std::string body_ = some_bytes(300'000);
    test::TemporaryFolder folder_;
    const std::string path_ = folder_ / "file.bin";
    TransferLimits limits_{.connect_seconds = 5, .silence_seconds = 1};
    std::string lines_;
};

TEST_F(CatalogueDownload, FileArrivesWhole) {
    HttpServer server([&](const HttpRequest& request) { return file_answer(request, body_); });
    const Downloaded done = get(file_at({server.url("/file.bin")}));
    EXPECT_EQ(read_text(path_), body_);
    EXPECT_EQ(folder_.entries(), 1u);
    EXPECT_TRUE(done.verified);
    EXPECT_EQ(done.size, 300'000);
    EXPECT_EQ(done.sha256, checksum_of(body_));
    EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(CatalogueDownload, WithoutPublishedChecksumItIsComputedAndNotCalledVerified) {
    HttpServer server([&](const HttpRequest& request) { return file_answer(request, body_); });
    const Downloaded done = get(file_at({server.url("/file.bin")}, false));
    EXPECT_FALSE(done.verified);
    EXPECT_EQ(done.sha256, checksum_of(body_));
}

TEST_F(CatalogueDownload, Md5IsCheckedToo) {
    HttpServer server([&](const HttpRequest& request) { return file_answer(request, body_); });
    CatalogueFile file = file_at({server.url("/file.bin")});
    file.checksum = checksum_of("something else", "md5");
    EXPECT_TRUE(
        contains(error_of(file), "expected " + to_string(file.checksum) + ", got " + checksum_of(body_, "md5").hex));
    file.checksum = checksum_of(body_, "md5");
    EXPECT_TRUE(get(file).verified);
}

TEST_F(CatalogueDownload, EmptyFileIsAFile) {
    HttpServer server([&](const HttpRequest& request) { return file_answer(request, ""); });
    EXPECT_EQ(get(file_at({server.url("/")}, false)).size, 0);
    EXPECT_EQ(read_text(path_), "");
}

TEST_F(CatalogueDownload, BrokenTransferGoesOnWhereItBroke) {
    int calls = 0;
    HttpServer server([&](const HttpRequest& request) {
        HttpAnswer answer = file_answer(request, body_, "\"1\"");
        if (++calls < 3) answer.cut_after = 100'000;
        return answer;
    });
    get(file_at({server.url("/file.bin")}));
    EXPECT_EQ(read_text(path_), body_);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 3u);
    EXPECT_EQ(requests[0].headers.count("range"), 0u);
    EXPECT_EQ(requests[1].headers.at("range"), "bytes=100000-");
    EXPECT_EQ(requests[1].headers.at("if-range"), "\"1\"");
    EXPECT_EQ(requests[2].headers.at("range"), "bytes=200000-");
}

TEST_F(CatalogueDownload, LaterCallGoesOnWhereTheFormerWasInterrupted) {
    bool broken = true;
    int sent = 0;
    HttpServer server([&](const HttpRequest& request) {
        if (broken && sent > 0) return HttpAnswer{.status = 503};
        HttpAnswer answer = file_answer(request, body_, "\"1\"");
        if (broken) answer.cut_after = 120'000;
        ++sent;
        return answer;
    });
    const CatalogueFile file = file_at({server.url("/file.bin")});
    const std::string message = error_of(file);
    EXPECT_TRUE(contains(message, "the server answers 503"));
    EXPECT_TRUE(contains(message, "120000 bytes are in '" + path_ + ".part', the same command goes on there"));
    EXPECT_FALSE(fs::exists(path_));
    EXPECT_EQ(read_text(path_ + ".part"), body_.substr(0, 120'000));
    broken = false;
    get(file);
    EXPECT_EQ(read_text(path_), body_);
    EXPECT_EQ(server.requests().back().headers.at("range"), "bytes=120000-");
    EXPECT_EQ(folder_.entries(), 1u);
}

TEST_F(CatalogueDownload, ServerWithoutRangesStartsAgain) {
    int calls = 0;
    HttpServer server([&](const HttpRequest&) {
        HttpAnswer answer{.body = body_};
        if (++calls == 1) answer.cut_after = 100'000;
        return answer;
    });
    get(file_at({server.url("/file.bin")}));
    EXPECT_EQ(read_text(path_), body_);
    EXPECT_TRUE(contains(lines_, "from the start"));
}

TEST_F(CatalogueDownload, ServerThatBreaksOffAtTheSamePlaceIsGivenUp) {
    HttpServer server([&](const HttpRequest&) { return HttpAnswer{.body = body_, .cut_after = 1000}; });
    EXPECT_TRUE(contains(error_of(file_at({server.url("/file.bin")})), "broke off before the end of the file"));
    EXPECT_LE(server.requests().size(), 5u);
}

TEST_F(CatalogueDownload, ChangedFileIsNotSpliced) {
    const std::string other = some_bytes(body_.size(), 2);
    int calls = 0;
    HttpServer server([&](const HttpRequest& request) {
        if (++calls > 1) return file_answer(request, other, "\"2\"");
        HttpAnswer answer = file_answer(request, body_, "\"1\"");
        answer.cut_after = 100'000;
        return answer;
    });
    get(file_at({server.url("/file.bin")}, false));
    EXPECT_EQ(read_text(path_), other);
}

TEST_F(CatalogueDownload, ChangedFileIsNotSplicedWhereTheServerIgnoresTheCondition) {
    const std::string other = some_bytes(body_.size(), 2);
    int calls = 0;
    HttpServer server([&](const HttpRequest& request) {
        HttpRequest unconditional = request;
        unconditional.headers.erase("if-range");
        if (++calls > 1) return file_answer(unconditional, other, "\"2\"");
        HttpAnswer answer = file_answer(request, body_, "\"1\"");
        answer.cut_after = 100'000;
        return answer;
    });
    get(file_at({server.url("/file.bin")}, false));
    EXPECT_EQ(read_text(path_), other);
    EXPECT_TRUE(contains(lines_, "has changed since"));
}

TEST_F(CatalogueDownload, RestOfAnUnmarkedFileIsOnlyAskedForWhereAChecksumWillTell) {
    int calls = 0;
    HttpServer server([&](const HttpRequest& request) {
        HttpAnswer answer = file_answer(request, body_);
        if (++calls % 2 == 1) answer.cut_after = 100'000;
        return answer;
    });
    get(file_at({server.url("/file.bin")}, false));
    EXPECT_EQ(server.requests().back().headers.count("range"), 0u);
    fs::remove(path_);
    get(file_at({server.url("/file.bin")}, true));
    EXPECT_EQ(server.requests().back().headers.count("range"), 1u);
    EXPECT_EQ(read_text(path_), body_);
}

TEST_F(CatalogueDownload, PartThatIsLongerThanTheFileStartsAgain) {
    int calls = 0;
    HttpServer server([&](const HttpRequest& request) {
        HttpAnswer answer = file_answer(request, body_, "\"1\"");
        if (++calls == 1) answer = {.headers = {"ETag: \"1\""}, .body = body_ + "more", .announced = 400'000};
        return answer;
    });
    get(file_at({server.url("/file.bin")}, false));
    EXPECT_EQ(read_text(path_), body_);
}

TEST_F(CatalogueDownload, OtherPartOfTheFileThanAskedForIsRefused) {
    HttpServer server([&](const HttpRequest& request) {
        HttpAnswer answer = file_answer(request, body_, "\"1\"");
        answer.cut_after = 1000;
        if (answer.status == 206) answer.headers.back() = "Content-Range: bytes 5-299999/300000";
        return answer;
    });
    EXPECT_TRUE(contains(error_of(file_at({server.url("/file.bin")})), "asked for the bytes from 1000 on"));
}

TEST_F(CatalogueDownload, WrongLengthIsNamed) {
    HttpServer server([&](const HttpRequest& request) { return file_answer(request, body_); });
    CatalogueFile file = file_at({server.url("/file.bin")});
    file.size = 299'999;
    EXPECT_TRUE(contains(error_of(file), "expected 299999 bytes, the server has 300000"));
    EXPECT_TRUE(nothing_left());
}

TEST_F(CatalogueDownload, WrongLengthIsFoundWhereTheServerStatesNone) {
    HttpServer server([&](const HttpRequest&) { return HttpAnswer{.body = body_, .announced = -2}; });
    CatalogueFile file = file_at({server.url("/file.bin")});
    get(file);
    EXPECT_EQ(read_text(path_), body_);
    fs::remove(path_);
    file.size = 300'001;
    EXPECT_TRUE(contains(error_of(file), "expected 300001 bytes, got 300000; they were removed"));
    EXPECT_TRUE(nothing_left());
    file.size = 1000;
    EXPECT_TRUE(contains(error_of(file), "expected 1000 bytes, the server sends more"));
}

TEST_F(CatalogueDownload, WrongChecksumRemovesTheFileAndARetryStartsAfresh) {
    std::string served = some_bytes(body_.size(), 2);
    HttpServer server([&](const HttpRequest& request) { return file_answer(request, served, "\"1\""); });
    const CatalogueFile file = file_at({server.url("/file.bin")});
    const std::string message = error_of(file);
    EXPECT_TRUE(contains(message, "expected " + to_string(checksum_of(body_)) + ", got " + checksum_of(served).hex));
    EXPECT_TRUE(contains(message, "the file was removed"));
    EXPECT_TRUE(nothing_left());
    served = body_;
    get(file);
    EXPECT_EQ(read_text(path_), body_);
    EXPECT_EQ(server.requests().back().headers.count("range"), 0u);
}

TEST_F(CatalogueDownload, MirrorsAreTriedInOrder) {
    HttpServer official([](const HttpRequest&) { return HttpAnswer{.status = 404, .body = "not here"}; });
    HttpServer wrong([](const HttpRequest& request) { return file_answer(request, "an error page"); });
    HttpServer mirror([&](const HttpRequest& request) { return file_answer(request, body_); });
    const Downloaded done = get(file_at({official.url("/file.bin"), wrong.url("/file.bin"), mirror.url("/file.bin")}));
    EXPECT_EQ(done.url, mirror.url("/file.bin"));
    EXPECT_EQ(read_text(path_), body_);
    EXPECT_TRUE(contains(lines_, official.url("/file.bin") + ": the server answers 404 (not found)"));
    EXPECT_TRUE(contains(lines_, wrong.url("/file.bin") + ": expected 300000 bytes, the server has 13"));
}

TEST_F(CatalogueDownload, RedirectsAreFollowedButNotForEver) {
    HttpServer server([&](const HttpRequest& request) -> HttpAnswer {
        if (request.path == "/old") return {.status = 302, .headers = {"Location: /new"}, .body = "moved"};
        if (request.path == "/loop") return {.status = 301, .headers = {"Location: /loop"}};
        if (request.path == "/out") return {.status = 301, .headers = {"Location: file:///etc/passwd"}};
        return file_answer(request, body_);
    });
    get(file_at({server.url("/old")}));
    EXPECT_EQ(read_text(path_), body_);
    fs::remove(path_);
    EXPECT_TRUE(contains(error_of(file_at({server.url("/loop")})), "it redirects more than 10 times"));
    EXPECT_TRUE(contains(error_of(file_at({server.url("/out")})), "which is no http address"));
    EXPECT_TRUE(contains(error_of(file_at({"file:///etc/passwd"})), "expected an address with http:// or https://"));
    EXPECT_TRUE(nothing_left());
}

TEST_F(CatalogueDownload, SilentServerEndsInAnError) {
    HttpServer server([](const HttpRequest&) { return HttpAnswer{.never = true}; });
    EXPECT_TRUE(contains(error_of(file_at({server.url("/file.bin")})), "the server sent no answer for 1 s"));
    EXPECT_TRUE(nothing_left());
}

TEST_F(CatalogueDownload, ServerThatIsNotThereEndsInAnError) {
    std::string url;
    {
        url = HttpServer([](const HttpRequest&) { return HttpAnswer{}; }).url("/file.bin");
    }
    EXPECT_TRUE(contains(error_of(file_at({url})), "cannot get file.bin from " + url + ": "));
}

TEST_F(CatalogueDownload, FileThatTheDiskCannotHoldIsRefusedAtOnce) {
    HttpServer server([](const HttpRequest&) { return HttpAnswer{.body = "x", .announced = int64_t{1} << 60}; });
    EXPECT_TRUE(
        contains(error_of(file_at({server.url("/file.bin")}, false)), "bytes left, the file has 1152921504606846976"));
}

TEST_F(CatalogueDownload, FullDiskKeepsWhatHasCome) {
    HttpServer server([&](const HttpRequest& request) { return file_answer(request, body_, "\"1\""); });
    const CatalogueFile file = file_at({server.url("/file.bin")});
    {
        const test::FileSizeLimit limit(50'000);
        EXPECT_TRUE(contains(error_of(file), "cannot write '" + path_ + ".part'"));
    }
    EXPECT_EQ(read_text(path_ + ".part"), body_.substr(0, 50'000));
    get(file);
    EXPECT_EQ(read_text(path_), body_);
    EXPECT_EQ(server.requests().back().headers.at("range"), "bytes=50000-");
}

TEST_F(CatalogueDownload, FolderThatIsNotThereIsAnError) {
    HttpServer server([&](const HttpRequest& request) { return file_answer(request, body_); });
    const CatalogueFile file = file_at({server.url("/file.bin")});
    EXPECT_TRUE(contains(message_of<Error>([&] { download(file, folder_ / "none/x", limits_, {}); }), "No such file"));
}

}  // namespace
}  // namespace heed::catalogue_download_test
