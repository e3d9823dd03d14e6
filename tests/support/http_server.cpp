#include "heed/tests/support/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <system_error>

namespace heed::test {
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

void send_all(int connection, const std::string& text) {
    for (size_t sent = 0; sent < text.size();) {
        const ssize_t bytes = send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (bytes <= 0) return;  // the client has enough
        sent += static_cast<size_t>(bytes);
    }
}

HttpRequest parse(const std::string& text) {
    HttpRequest request;
    std::istringstream lines(text);
    std::string line, method;
    std::getline(lines, line);
    std::istringstream(line) >> method >> request.path;
    while (std::getline(lines, line)) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        const size_t colon = line.find(": ");
        if (colon == line.npos) continue;
        std::string name = line.substr(0, colon);
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
        request.headers[name] = line.substr(colon + 2);
    }
    return request;
}

}  // namespace

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
    // A proxy of the environment must not come between.
    setenv("no_proxy", "127.0.0.1", 1);
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (socket_ < 0 || bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(socket_, 16) != 0 ||
        getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0 || pipe(wake_) != 0) {
        fail("cannot start a web server");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

HttpServer::~HttpServer() {
    close(wake_[1]);
    thread_.join();
    for (int connection : silent_) close(connection);
    close(wake_[0]);
    close(socket_);
}

std::string HttpServer::url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::vector<HttpRequest> HttpServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

void HttpServer::serve() {
    for (;;) {
        pollfd waiting[] = {{socket_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
        if (poll(waiting, 2, -1) < 0 && errno != EINTR) return;
        if (waiting[1].revents != 0) return;
        if (waiting[0].revents == 0) continue;
        const int connection = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection >= 0) answer(connection);
    }
}

void HttpServer::answer(int connection) {
    std::string text;
    char buffer[4096];
    while (text.find("\r\n\r\n") == text.npos) {
        const ssize_t bytes = recv(connection, buffer, sizeof buffer, 0);
        if (bytes <= 0) break;
        text.append(buffer, static_cast<size_t>(bytes));
    }
    const HttpRequest request = parse(text);
    {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
    }
    const HttpAnswer reply = handler_(request);
    if (reply.never) {
        silent_.push_back(connection);
        return;
    }
    std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " x\r\nConnection: close\r\n";
    for (const std::string& line : reply.headers) head += line + "\r\n";
    const int64_t length = reply.announced == -1 ? static_cast<int64_t>(reply.body.size()) : reply.announced;
    if (length >= 0) head += "Content-Length: " + std::to_string(length) + "\r\n";
    send_all(connection, head + "\r\n");
    send_all(connection, reply.cut_after < 0 ? reply.body : reply.body.substr(0, static_cast<size_t>(reply.cut_after)));
    if (reply.hold) {
        silent_.push_back(connection);
        return;
    }
    shutdown(connection, SHUT_WR);
    while (recv(connection, buffer, sizeof buffer, 0) > 0) {
    }
    close(connection);
}

HttpAnswer file_answer(const HttpRequest& request, const std::string& body, const std::string& etag) {
    HttpAnswer answer{.body = body};
    if (!etag.empty()) answer.headers.push_back("ETag: " + etag);
    const auto range = request.headers.find("range");
    const auto condition = request.headers.find("if-range");
    if (range == request.headers.end()) return answer;
    if (condition != request.headers.end() && condition->second != etag) return answer;
    const size_t first = std::stoul(range->second.substr(std::string("bytes=").size()));
    if (first >= body.size()) return {.status = 416};
    answer.status = 206;
    answer.headers.push_back("Content-Range: bytes " + std::to_string(first) + "-" + std::to_string(body.size() - 1) +
                             "/" + std::to_string(body.size()));
    answer.body = body.substr(first);
    return answer;
}

}  // namespace heed::test
