#include "heed/trainers/images/activation_dump.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "heed/core/error.h"
#include "heed/core/files/safetensors.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

std::string size_text(double bytes) {
    return bytes_text(static_cast<int64_t>(std::min(bytes, 9e18)));
}

}  // namespace

DumpContents DumpContents::parse(std::string_view list) {
    const std::vector<std::string> names = {"attention", "hidden", "logits"};
    DumpContents contents;
    const std::array<bool*, 3> chosen = {&contents.attention, &contents.hidden, &contents.logits};
    for (size_t begin = 0; begin <= list.size();) {
        const size_t end = std::min(list.find(',', begin), list.size());
        const std::string name(list.substr(begin, end - begin));
        size_t found = 0;
        while (found < names.size() && names[found] != name) ++found;
        if (found == names.size()) {
            throw UserError("--dump expects one or more of " + listed(names) + ", with commas in between, got " +
                            quote(name) + did_you_mean(name, names));
        }
        *chosen[found] = true;
        begin = end + 1;
    }
    return contents;
}

ActivationDump::ActivationDump(const DumpContents& contents, const PatchTransformerShape& model, int64_t classes,
                               int64_t images, int64_t most_bytes)
    : contents_(contents) {
    const int64_t tokens = model.tokens();
    // In doubles, which do not overflow.
    const auto bytes = [](auto... sizes) { return 4.0 * (1.0 * ... * static_cast<double>(sizes)); };
    const double attention = contents.attention ? bytes(model.depth, images, model.heads, tokens, tokens) : 0.0;
    const double hidden = contents.hidden ? bytes(model.depth + 1, images, tokens, model.dim) : 0.0;
    const double logits = contents.logits ? bytes(images, classes) : 0.0;
    if (attention + hidden + logits > static_cast<double>(most_bytes)) {
        throw UserError(fmt::format(
            "expected a dump of at most {}, got {} images, whose activations take {} (attention {}, hidden {}, logits "
            "{}): give fewer images at a time, or dump less of them",
            bytes_text(most_bytes), images, size_text(attention + hidden + logits), size_text(attention),
            size_text(hidden), size_text(logits)));
    }
    const auto add = [images](std::vector<Growing>& list, std::string name, std::vector<int64_t> shape) {
        shape.insert(shape.begin(), images);
        const auto elements = static_cast<size_t>(Shape(shape).elements());
        list.push_back({std::move(name), std::move(shape), std::vector<float>(elements)});
    };
    if (contents.logits) add(logits_, "logits", {classes});
    for (int64_t i = 0; contents.hidden && i <= model.depth; ++i) {
        add(hidden_, fmt::format("hidden.{}", i), {tokens, model.dim});
    }
    for (int64_t i = 0; contents.attention && i < model.depth; ++i) {
        add(attention_, fmt::format("attention.{}", i), {model.heads, tokens, tokens});
    }
}

void ActivationDump::append(Growing& to, const Tensor& values) {
    const bool fits = values.shape().rank() > 0 && values.shape() == Shape(to.shape).with_first(values.shape()[0]) &&
                      to.filled + values.elements() <= static_cast<int64_t>(to.values.size());
    if (!fits) throw Error("activations of " + values.shape().to_string() + " do not fit the dump of " + to.name);
    values.copy_to_host(to.values.data() + to.filled);
    to.filled += values.elements();
}

void ActivationDump::hidden(int64_t block, const Tensor& tokens) {
    if (contents_.hidden) append(hidden_.at(static_cast<size_t>(block)), tokens);
}

void ActivationDump::attention(AttentionPlace, int64_t block, const Tensor& weights) {
    append(attention_.at(static_cast<size_t>(block)), weights);
}

void ActivationDump::logits(const Tensor& logits) {
    if (contents_.logits) append(logits_.front(), logits);
}

void ActivationDump::write(const std::string& path, const std::map<std::string, std::string>& metadata) const {
    std::vector<TensorToStore> tensors;
    for (const auto* list : {&logits_, &hidden_, &attention_}) {
        for (const Growing& tensor : *list) {
            if (tensor.filled != static_cast<int64_t>(tensor.values.size())) {
                throw Error("cannot write " + path + ": " + tensor.name + " is not complete");
            }
            tensors.push_back({tensor.name, DType::f32, tensor.shape, tensor.values.data()});
        }
    }
    write_safetensors(path, tensors, metadata);
}

}  // namespace heed
