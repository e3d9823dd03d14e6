#include "heed/core/files/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/core/files/safetensors_header.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"

namespace heed {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

constexpr uint64_t longest_header = 100'000'000;  // the limit of the format's own library

std::string bytes_text(uint64_t count, const char* state) {
    return count == 1 ? std::string("1 byte is ") + state : std::to_string(count) + " bytes are " + state;
}

/// The header, after a check that the file holds exactly it and the tensors' data.
SafetensorsHeader read_header(std::span<const std::byte> file, const std::string& path, size_t& data_at) {
    uint64_t length = 0;
    if (file.size() < sizeof length) {
        throw UserError(path + " is truncated: a safetensors file begins with 8 bytes, " +
                        bytes_text(sizeof length - file.size(), "missing"));
    }
    std::memcpy(&length, file.data(), sizeof length);
    if (length > longest_header) {
        throw UserError("expected a safetensors file, but " + path + " does not begin like one");
    }
    data_at = sizeof length + length;
    if (data_at > file.size()) {
        throw UserError(path + " is truncated: " + bytes_text(data_at - file.size(), "missing") + " in its header");
    }
    SafetensorsHeader header =
        parse_safetensors_header({reinterpret_cast<const char*>(file.data()) + sizeof length, length}, path);
    const uint64_t present = file.size() - data_at;
    if (present < header.data_bytes()) {
        throw UserError(path + " is truncated: " + bytes_text(header.data_bytes() - present, "missing"));
    }
    if (present > header.data_bytes()) {
        throw UserError(path + ": after the last tensor " + bytes_text(present - header.data_bytes(), "left over"));
    }
    return header;
}

}  // namespace

void write_safetensors(const std::string& path, const std::vector<TensorToStore>& tensors,
                       const std::map<std::string, std::string>& metadata) {
    std::vector<const TensorToStore*> order;
    std::set<std::string_view> names;
    for (const TensorToStore& tensor : tensors) {
        if (tensor.name.empty() || tensor.name == "__metadata__" || !names.insert(tensor.name).second) {
            throw Error("cannot write " + path + ": the tensor name " + quote(tensor.name) +
                        " is empty, reserved or used twice");
        }
        order.push_back(&tensor);
    }
    std::stable_sort(order.begin(), order.end(), [](const TensorToStore* a, const TensorToStore* b) {
        return dtype_size(a->dtype) > dtype_size(b->dtype);
    });

    SafetensorsHeader header;
    header.metadata = metadata;
    for (const TensorToStore* tensor : order) {
        uint64_t bytes = 0;
        if (!stored_bytes(tensor->dtype, tensor->shape, bytes) || (tensor->data == nullptr && bytes > 0)) {
            throw Error("cannot write " + path + ": tensor " + quote(tensor->name) +
                        " has an impossible shape or no data");
        }
        const uint64_t begin = header.data_bytes();
        header.tensors.push_back({tensor->name, tensor->dtype, tensor->shape, begin, begin + bytes});
    }
    const std::string text = format_safetensors_header(header, path);
    const uint64_t length = text.size();
    if (length > longest_header) throw Error("cannot write " + path + ": its header would be too long");

    AtomicFile file(path);
    file.write(&length, sizeof length);
    file.write(text);
    for (size_t i = 0; i < order.size(); ++i) {
        file.write(order[i]->data, header.tensors[i].end - header.tensors[i].begin);
    }
    file.commit();
}

SafetensorsFile::SafetensorsFile(const std::string& path) : path_(path), file_(path) {
    size_t data_at = 0;
    SafetensorsHeader header = read_header(file_.bytes(), path, data_at);
    const std::span<const std::byte> data = file_.bytes().subspan(data_at);
    tensors_.reserve(header.tensors.size());
    for (SafetensorsRange& range : header.tensors) {
        tensors_.push_back({std::move(range.name), range.dtype, std::move(range.shape),
                            data.subspan(range.begin, range.end - range.begin)});
        index_.emplace(tensors_.back().name, tensors_.size() - 1);
    }
    metadata_ = std::move(header.metadata);
}

const StoredTensor* SafetensorsFile::find(std::string_view name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &tensors_[found->second];
}

const StoredTensor& SafetensorsFile::at(std::string_view name) const {
    if (const StoredTensor* tensor = find(name)) return *tensor;
    std::vector<std::string> names;
    for (const StoredTensor& tensor : tensors_) names.push_back(tensor.name);
    throw UserError(path_ + " has no tensor " + quote(name) + did_you_mean(name, names));
}

}  // namespace heed
