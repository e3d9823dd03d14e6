#include "heed/datasets/catalogue/checksum.h"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/files/system_error.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace {

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

std::string to_string(const Checksum& checksum) {
    return checksum.known() ? checksum.algorithm + " " + checksum.hex : "none";
}

struct Digest::State {
    std::string algorithm;
    EVP_MD_CTX* context = EVP_MD_CTX_new();

    State() = default;
    ~State() { EVP_MD_CTX_free(context); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

Digest::Digest(const std::string& algorithm) : state_(std::make_unique<State>()) {
    if (algorithm != "sha256" && algorithm != "md5") {
        throw UserError("a checksum is expected to be sha256 or md5, got " + quote(algorithm));
    }
    state_->algorithm = algorithm;
    const EVP_MD* kind = algorithm == "md5" ? EVP_md5() : EVP_sha256();
    if (state_->context == nullptr || EVP_DigestInit_ex(state_->context, kind, nullptr) != 1) {
        throw Error("this system's libcrypto offers no " + algorithm);
    }
}

Digest::~Digest() = default;

void Digest::update(const void* data, size_t bytes) {
    if (EVP_DigestUpdate(state_->context, data, bytes) != 1) throw Error("libcrypto failed to compute a checksum");
}

Checksum Digest::finish() {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_DigestFinal_ex(state_->context, bytes, &size) != 1) {
        throw Error("libcrypto failed to compute a checksum");
    }
    Checksum result{state_->algorithm, ""};
    for (unsigned i = 0; i < size; ++i) result.hex += fmt::format("{:02x}", bytes[i]);
    return result;
}

Checksum file_checksum(const std::filesystem::path& path, const std::string& algorithm) {
    const auto fail = [&] { throw_system_error(fmt::format("cannot read '{}'", path.string()), errno); };
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rbe"));
    if (file == nullptr) fail();
    Digest digest(algorithm);
    std::vector<char> buffer(size_t{1} << 18);
    while (const size_t bytes = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
        digest.update(buffer.data(), bytes);
    }
    if (std::ferror(file.get())) fail();
    return digest.finish();
}

}  // namespace heed
