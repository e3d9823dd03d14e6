#include "heed/datasets/catalogue/http_transfer.h"

#include <curl/curl.h>
#include <fmt/core.h>

#include <exception>
#include <map>
#include <memory>
#include <string_view>

#include "heed/core/error.h"
#include "heed/core/settings/number_text.h"
#include "heed/core/settings/quote.h"
#include "heed/core/version.h"

namespace heed {

namespace {

struct CloseCurl {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeHeaders {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Curl = std::unique_ptr<CURL, CloseCurl>;
using Headers = std::unique_ptr<curl_slist, FreeHeaders>;

void add(Headers& headers, const std::string& line) {
    curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
    if (longer == nullptr) throw Error("libcurl has no memory for a request");
    static_cast<void>(headers.release());
    headers.reset(longer);
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return result;
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool has_scheme(std::string_view url, std::string_view scheme) {
    return lower(url.substr(0, scheme.size())) == scheme;
}

bool is_http(std::string_view url) {
    return has_scheme(url, "http://") || has_scheme(url, "https://");
}

/// "bytes 100-199/200": first byte and size of the whole; false where it is something else.
bool parse_content_range(std::string_view text, int64_t& first, int64_t& size) {
    if (!text.starts_with("bytes ")) return false;
    text.remove_prefix(6);
    const size_t dash = text.find('-');
    const size_t slash = text.find('/');
    return dash != text.npos && slash != text.npos && dash < slash && parse_int(text.substr(0, dash), first) &&
           parse_int(text.substr(slash + 1), size);
}

/// One request, without its redirects.
class Request {
public:
    Request(const TransferRequest& request, const TransferSink& sink, const std::string& url)
        : request_(request), sink_(sink), handle_(curl_easy_init()) {
        if (handle_ == nullptr) throw Error("libcurl cannot be used");
        set(CURLOPT_URL, url.c_str());
        set(CURLOPT_ERRORBUFFER, curl_text_);
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(request.limits.connect_seconds));
        set(CURLOPT_LOW_SPEED_LIMIT, 100L);
        set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.limits.silence_seconds));
        set(CURLOPT_WRITEFUNCTION, &Request::on_bytes);
        set(CURLOPT_WRITEDATA, this);
        set(CURLOPT_HEADERFUNCTION, &Request::on_header);
        set(CURLOPT_HEADERDATA, this);
        const std::string agent = std::string("heed/") + build_info().version;
        set(CURLOPT_USERAGENT, agent.c_str());
        if (request.offset > 0) {
            add(headers_, fmt::format("Range: bytes={}-", request.offset));
            if (!request.validator.empty()) add(headers_, "If-Range: " + request.validator);
            set(CURLOPT_HTTPHEADER, headers_.get());
        }
    }

    /// Sets `redirect` where the server names another address; `result` otherwise.
    void perform(TransferResult& result, std::string& redirect) {
        const CURLcode code = curl_easy_perform(handle_.get());
        if (failure_ != nullptr) std::rethrow_exception(failure_);
        result.began = began_;
        if (!error_.empty()) {
            result.error = error_;
        } else if (code != CURLE_OK) {
            result.error = text_of(code);
        } else if (const long status = this->status(); status >= 300 && status < 400 && !address().empty()) {
            redirect = address();
        } else if (status != 200 && status != 206) {
            result.unsuitable = status == 416;
            result.error = fmt::format("the server answers {}{}", status, status == 404 ? " (not found)" : "");
        } else if (!began_) {
            begin();  // an empty file
            if (failure_ != nullptr) std::rethrow_exception(failure_);
            result.began = began_;
            result.error = error_;
        }
    }

private:
    template <class Value>
    void set(CURLoption option, Value value) {
        if (curl_easy_setopt(handle_.get(), option, value) != CURLE_OK) {
            throw Error(fmt::format("libcurl refuses option {}", static_cast<int>(option)));
        }
    }

    long status() const {
        long status = 0;
        curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
        return status;
    }

    std::string address() const {
        char* url = nullptr;
        curl_easy_getinfo(handle_.get(), CURLINFO_REDIRECT_URL, &url);
        return url != nullptr ? url : "";
    }

    std::string text_of(CURLcode code) const {
        const TransferLimits& limits = request_.limits;
        if (code == CURLE_OPERATION_TIMEDOUT) {
            double connected = 0;
            curl_easy_getinfo(handle_.get(), CURLINFO_PRETRANSFER_TIME, &connected);
            if (connected <= 0) return fmt::format("no connection within {} s", limits.connect_seconds);
            return fmt::format("the server sent {} for {} s", began_ ? "hardly anything" : "no answer",
                               limits.silence_seconds);
        }
        if (code == CURLE_PARTIAL_FILE) return "the transfer broke off before the end of the file";
        return *curl_text_ != 0 ? curl_text_ : curl_easy_strerror(code);
    }

    void begin() {
        RemoteFile remote;
        if (status() == 206) {
            if (!parse_content_range(received_["content-range"], remote.offset, remote.size) ||
                remote.offset != request_.offset) {
                error_ = fmt::format("the server was asked for the bytes from {} on and sent others", request_.offset);
                return;
            }
        } else {
            curl_off_t length = -1;
            curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
            remote.size = length;
        }
        const std::string& etag = received_["etag"];
        remote.validator = etag.starts_with('"') ? etag : received_["last-modified"];  // a weak ETag is no use here
        arrived_ = remote.offset;
        began_ = true;
        try {
            sink_.begin(remote);
        } catch (...) {
            failure_ = std::current_exception();
        }
    }

    bool take(const char* data, size_t bytes) {
        const long status = this->status();
        if (status != 200 && status != 206) return true;  // the page that goes with a redirect or an error
        if (!began_) begin();
        if (failure_ != nullptr || !error_.empty()) return false;
        arrived_ += static_cast<int64_t>(bytes);
        if (arrived_ > request_.limits.bytes) {
            error_ = fmt::format("expected {} bytes, the server sends more", request_.limits.bytes);
            return false;
        }
        try {
            sink_.write(data, bytes);
        } catch (...) {
            failure_ = std::current_exception();
            return false;
        }
        return true;
    }

    static size_t on_bytes(char* data, size_t one, size_t bytes, void* self) {
        return static_cast<Request*>(self)->take(data, one * bytes) ? bytes : 0;
    }

    static size_t on_header(char* data, size_t one, size_t bytes, void* self) {
        static_cast<Request*>(self)->take_header({data, one * bytes});
        return bytes;
    }

    void take_header(std::string_view line) {
        if (line.starts_with("HTTP/")) received_.clear();  // those of a proxy came before
        const size_t colon = line.find(':');
        if (colon == line.npos) return;
        std::string_view value = line.substr(colon + 1);
        while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
        while (!value.empty() && is_space(value.back())) value.remove_suffix(1);
        received_[lower(line.substr(0, colon))] = value;
    }

    const TransferRequest& request_;
    const TransferSink& sink_;
    Curl handle_;
    Headers headers_;
    char curl_text_[CURL_ERROR_SIZE] = {};
    bool began_ = false;
    int64_t arrived_ = 0;
    std::map<std::string, std::string> received_;  // headers, their names in lower case
    std::string error_;
    std::exception_ptr failure_;
};

}  // namespace

TransferResult transfer(const TransferRequest& request, const TransferSink& sink) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (ready != CURLE_OK) throw Error(std::string("libcurl cannot be used: ") + curl_easy_strerror(ready));
    TransferResult result;
    std::string url = request.url;
    for (int redirects = 0;; ++redirects) {
        if (!is_http(url)) {
            result.error = redirects == 0 ? "expected an address with http:// or https://"
                                          : "the server redirects to " + quote(url) + ", which is no http address";
            return result;
        }
        std::string next;
        Request(request, sink, url).perform(result, next);
        if (next.empty()) return result;
        if (redirects == request.limits.redirects) {
            result.error = fmt::format("it redirects more than {} times", request.limits.redirects);
            return result;
        }
        if (has_scheme(url, "https://") && has_scheme(next, "http://")) {
            result.error = "the server redirects from https to http, to " + quote(next);
            return result;
        }
        url = next;
    }
}

}  // namespace heed
