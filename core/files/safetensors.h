#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "heed/core/files/mapped_file.h"
#include "heed/core/tensor/dtype.h"

namespace heed {

/// One tensor to be written: `data` points to its elements, row-major, and stays the caller's.
struct TensorToStore {
    std::string name;
    DType dtype = DType::f32;
    std::vector<int64_t> shape;
    const void* data = nullptr;
};

/// One tensor of an open SafetensorsFile; `bytes` holds exactly its elements, row-major, and lives as long as the file
/// object. In files of other writers they need not be aligned to the element size: copy them.
struct StoredTensor {
    std::string name;
    DType dtype = DType::f32;
    std::vector<int64_t> shape;
    std::span<const std::byte> bytes;
};

/// Writes a safetensors file atomically (see AtomicFile for its errors). Tensors stand in the file by falling element
/// size, else in the given order, so that every one is aligned; equal input gives equal bytes. Error when a name is
/// empty, reserved or given twice, or a text is not UTF-8.
void write_safetensors(const std::string& path, const std::vector<TensorToStore>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

/// A safetensors file, mapped into memory and completely validated: after construction every tensor's bytes are there
/// and match its shape. UserError naming the file and the tensor when anything is not as the format demands, when the
/// file is truncated (with the number of missing bytes), or when a dtype is not one of F32, F16,
/// BF16, F64, I32, I64, U8 and BOOL.
class SafetensorsFile {
public:
    explicit SafetensorsFile(const std::string& path);

    const std::string& path() const { return path_; }
    /// In the order of their bytes in the file.
    const std::vector<StoredTensor>& tensors() const { return tensors_; }
    /// Null when there is none of that name.
    const StoredTensor* find(std::string_view name) const;
    /// UserError with the nearest name when there is none.
    const StoredTensor& at(std::string_view name) const;
    const std::map<std::string, std::string>& metadata() const { return metadata_; }

private:
    std::string path_;
    MappedFile file_;
    std::vector<StoredTensor> tensors_;
    std::unordered_map<std::string_view, size_t> index_;  // its keys are the names in tensors_
    std::map<std::string, std::string> metadata_;
};

}  // namespace heed
