#include "heed/datasets/catalogue/download.h"

#include <fmt/core.h>

#include <algorithm>
#include <system_error>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/catalogue/partial_file.h"

namespace heed {

namespace fs = std::filesystem;

namespace {

class Download {
public:
    Download(const CatalogueFile& file, const fs::path& path, const TransferLimits& limits,
             const DownloadObserver& observer)
        : file_(file), limits_(limits), observer_(observer), part_(path) {
        if (file.size > 0) limits_.bytes = file.size;
    }

    Downloaded run() {
        std::vector<std::string> reasons;
        for (const std::string& url : file_.urls) {
            const std::string reason = fetch(url);
            if (reason.empty()) {
                Downloaded result{url, part_.size(), sha256_, file_.checksum.known()};
                part_.commit();
                return result;
            }
            reasons.push_back(url + ": " + reason);
            say(reasons.back());
        }
        std::string message = "cannot get " + file_.name;
        for (size_t i = 0; i < reasons.size(); ++i) message += (i == 0 ? " from " : "; from ") + reasons[i];
        if (part_.size() > 0) {
            message += fmt::format("; {} bytes are in '{}', the same command goes on there", part_.size(),
                                   part_.part().string());
        }
        throw Error(message);
    }

private:
    /// How an attempt ended: `error` is empty where all bytes have come.
    struct Outcome {
        std::string error;
        bool again = false;  ///< another attempt may go better
    };

    void say(const std::string& line) const {
        if (observer_.message) observer_.message(line);
    }

    /// The file is in the part and right; otherwise the reason.
    std::string fetch(const std::string& url) {
        say(fmt::format("fetching {} from {}", file_.name, url));
        constexpr int most_attempts = 5, most_without_headway = 2;
        int without_headway = 0;
        for (int attempts = 1;; ++attempts) {
            const bool ours = part_.size() > 0 && part_.source().url == url;
            if (ours && part_.size() == part_.source().size) return check();
            const int64_t before = ours ? part_.size() : 0;
            const Outcome outcome = attempt(url);
            if (outcome.error.empty()) return check();
            if (part_.size() <= before) ++without_headway;
            if (!outcome.again || attempts == most_attempts || without_headway == most_without_headway) {
                return outcome.error;
            }
            say(fmt::format("{}: {}; trying again", url, outcome.error));
        }
    }

    /// A part can go on where the server can be asked for "the rest, if it is the same file" or the checksum will tell.
    bool resumable(const std::string& url) const {
        return part_.size() > 0 && part_.source().url == url &&
               (!part_.source().validator.empty() || file_.checksum.known());
    }

    Outcome attempt(const std::string& url) {
        TransferRequest request{url, 0, "", limits_};
        if (resumable(url)) {
            request.offset = part_.size();
            request.validator = part_.source().validator;
        }
        int64_t total = -1;
        TransferSink sink;
        sink.begin = [&](const RemoteFile& remote) { total = begin(url, request, remote); };
        sink.write = [&](const char* data, size_t bytes) {
            part_.append(data, bytes);
            if (observer_.progress) observer_.progress(part_.size(), total);
        };
        try {
            const TransferResult result = transfer(request, sink);
            if (result.unsuitable) part_.discard();  // there is no such rest: from the start, then
            return {result.error, result.began || result.unsuitable};
        } catch (const Outcome& refusal) {
            return refusal;
        }
    }

    /// Throws an Outcome where what the server has is of no use; returns the size of the whole.
    int64_t begin(const std::string& url, const TransferRequest& request, const RemoteFile& remote) {
        if (file_.size > 0 && remote.size >= 0 && remote.size != file_.size) {
            throw Outcome{fmt::format("expected {} bytes, the server has {}", file_.size, remote.size), false};
        }
        if (remote.offset > 0) {
            if (remote.size != part_.source().size || remote.validator != part_.source().validator) {
                part_.discard();
                throw Outcome{"the file there has changed since its first part was fetched", true};
            }
            say(fmt::format("going on from byte {} of {}", remote.offset, remote.size));
        } else {
            if (request.offset > 0) {
                say("the server gives no rest of the same file (it cannot, or the file has changed): from the start");
            }
            part_.start({url, remote.validator, remote.size});
        }
        return remote.size;
    }

    std::string check() {
        const int64_t size = part_.size();
        const int64_t expected = file_.size > 0 ? file_.size : part_.source().size;
        if (expected >= 0 && size != expected) {
            part_.discard();
            return fmt::format("expected {} bytes, got {}; they were removed", expected, size);
        }
        sha256_ = file_checksum(part_.part());
        if (!file_.checksum.known()) return "";
        const Checksum found =
            file_.checksum.algorithm == "sha256" ? sha256_ : file_checksum(part_.part(), file_.checksum.algorithm);
        if (found == file_.checksum) return "";
        part_.discard();
        return fmt::format("expected {}, got {}; the file was removed, so that another attempt starts afresh",
                           to_string(file_.checksum), found.hex);
    }

    const CatalogueFile& file_;
    TransferLimits limits_;
    const DownloadObserver& observer_;
    PartialFile part_;
    Checksum sha256_;
};

}  // namespace

Downloaded download(const CatalogueFile& file, const fs::path& path, const TransferLimits& limits,
                    const DownloadObserver& observer) {
    return Download(file, path, limits, observer).run();
}

}  // namespace heed
