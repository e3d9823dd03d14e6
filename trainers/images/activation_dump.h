#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "heed/core/forward_observer.h"
#include "heed/layers/models/image_classifier.h"

namespace heed {

/// Which activations a dump holds.
struct DumpContents {
    bool attention = false;
    bool hidden = false;
    bool logits = false;

    bool any() const { return attention || hidden || logits; }
    /// Of a list such as "attention,logits". UserError with the nearest name.
    static DumpContents parse(std::string_view list);
};

/// Collects what a model computes for some images, as tensors of f32 whose first axis is the images:
/// logits [images, classes], hidden.0 ... hidden.<depth> [images, tokens, dim] and attention.0 ... attention.<depth -
/// 1> [images, heads, tokens, tokens].
class ActivationDump final : public ForwardObserver {
public:
    /// Takes the memory for everything. UserError where the file would be larger than `most_bytes`.
    ActivationDump(const DumpContents& contents, const PatchTransformerShape& model, int64_t classes, int64_t images,
                   int64_t most_bytes = 4'000'000'000);

    void hidden(int64_t block, const Tensor& tokens) override;
    bool wants_attention(AttentionPlace) const override { return contents_.attention; }
    void attention(AttentionPlace, int64_t block, const Tensor& weights) override;
    void logits(const Tensor& logits);

    /// Writes the file, atomically. Throws Error before all images have passed, and as write_safetensors does.
    void write(const std::string& path, const std::map<std::string, std::string>& metadata) const;

private:
    /// One tensor of the file while it grows, image by image.
    struct Growing {
        std::string name;
        std::vector<int64_t> shape;
        std::vector<float> values;
        int64_t filled = 0;  ///< of the values
    };

    static void append(Growing& to, const Tensor& values);

    DumpContents contents_;
    std::vector<Growing> logits_, hidden_, attention_;
};

}  // namespace heed
