#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace heed::test {

/// A request as the server got it; header names are in lower case.
struct HttpRequest {
    std::string path;
    std::map<std::string, std::string> headers;
};

/// What the server sends.
struct HttpAnswer {
    int status = 200;
    std::vector<std::string> headers = {};  ///< whole lines, such as `ETag: "a"`
    std::string body = "";
    int64_t announced = -1;  ///< Content-Length; -1: that of the body, -2: none
    int64_t cut_after = -1;  ///< closes the connection after so many bytes of the body
    bool hold = false;       ///< keeps the connection open after the body
    bool never = false;      ///< keeps the connection open and sends nothing
};

/// A web server on 127.0.0.1 for one test. Each connection serves one request, one after the other.
class HttpServer {
public:
    using Handler = std::function<HttpAnswer(const HttpRequest&)>;

    explicit HttpServer(Handler handler);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// "http://127.0.0.1:PORT" and the path.
    std::string url(const std::string& path = "") const;
    std::vector<HttpRequest> requests() const;

private:
    void serve();
    void answer(int connection);

    Handler handler_;
    int socket_ = -1;
    int port_ = 0;
    int wake_[2] = {-1, -1};
    mutable std::mutex mutex_;
    std::vector<HttpRequest> requests_;
    std::vector<int> silent_;
    std::thread thread_;
};

/// The file with this body, as servers that know ranges send it: the rest that was asked for, provided that If-Range
/// names `etag` (with none: always).
HttpAnswer file_answer(const HttpRequest& request, const std::string& body, const std::string& etag = "");

}  // namespace heed::test
