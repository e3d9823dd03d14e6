#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace heed {

/// How patient a transfer is.
struct TransferLimits {
    int64_t connect_seconds = 30;  ///< until a server has been reached
    int64_t silence_seconds = 30;  ///< with hardly a byte (on average below 100 a second)
    int redirects = 10;
    int64_t bytes = INT64_MAX;  ///< of the whole file; a longer one is refused
};

/// What a server says of a file before it sends it.
struct RemoteFile {
    std::string validator;  ///< strong ETag or else Last-Modified, empty where it gives neither
    int64_t size = -1;      ///< of the whole file, -1 where it does not say
    int64_t offset = 0;     ///< of the first byte that it sends
};

/// A GET request for a file or for the rest of one.
struct TransferRequest {
    std::string url;
    int64_t offset = 0;     ///< asks for the bytes from here on ...
    std::string validator;  ///< ... provided that the file is still the one with this ETag or Last-Modified
    TransferLimits limits;
};

/// The receiving side. An exception of either goes on to the caller of `transfer`.
struct TransferSink {
    std::function<void(const RemoteFile&)> begin;  ///< once, before the first byte
    std::function<void(const char* data, size_t bytes)> write;
};

/// How a transfer ended: `error` is empty when the whole file (or its rest) has arrived, or else says what was wrong.
struct TransferResult {
    std::string error;
    bool began = false;       ///< the server sent the file, or a part of it
    bool unsuitable = false;  ///< the server has no such part of the file (416)
};

/// Fetches over http or https. Redirects are followed, never from https to http; certificates are checked; the proxy
/// settings of the environment count.
TransferResult transfer(const TransferRequest& request, const TransferSink& sink);

}  // namespace heed
