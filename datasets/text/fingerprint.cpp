#include "heed/datasets/text/fingerprint.h"

#include "heed/datasets/catalogue/checksum.h"

namespace heed {

namespace {

/// With its length, so that texts that are cut elsewhere differ.
void add_sized(Digest& digest, std::string_view bytes) {
    const uint64_t size = bytes.size();
    digest.update(&size, sizeof size);
    digest.update(bytes.data(), bytes.size());
}

}  // namespace

std::string fingerprint(const TextSplit& split) {
    Digest digest("sha256");
    for (int64_t place = 0; place < split.size(); ++place) {
        add_sized(digest, split.text(place));
        const std::span<const int32_t> labels = split.labels(place);
        add_sized(digest, {reinterpret_cast<const char*>(labels.data()), labels.size_bytes()});
    }
    return digest.finish().hex;
}

std::string fingerprint(const ParallelText& pairs) {
    Digest digest("sha256");
    for (std::size_t i = 0; i < pairs.sources.size(); ++i) {
        add_sized(digest, pairs.sources[i]);
        add_sized(digest, pairs.targets[i]);
        digest.update(&pairs.weights[i], sizeof pairs.weights[i]);
    }
    return digest.finish().hex;
}

std::string fingerprint(const ReferenceText& sentences) {
    Digest digest("sha256");
    for (std::size_t i = 0; i < sentences.sources.size(); ++i) {
        add_sized(digest, sentences.sources[i]);
        const uint64_t references = sentences.references[i].size();
        digest.update(&references, sizeof references);
        for (const std::string& reference : sentences.references[i]) add_sized(digest, reference);
    }
    return digest.finish().hex;
}

}  // namespace heed
