#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heed {

/// How Hugging Face stores a tensor of ours.
enum class StoredForm : uint8_t {
    same,
    row,      ///< [n] as [1, n]
    token,    ///< [dim] as [1, 1, dim]
    tokens,   ///< [n, dim] as [1, n, dim]
    filters,  ///< [out, channels * patch * patch] as [out, channels, patch, patch]
};

/// A row of a rename table. Names are those of a tensor, or of a module with a weight and perhaps a bias; * stands for
/// the number of a layer.
struct TensorName {
    const char* theirs;
    const char* ours;
    StoredForm form = StoredForm::same;
    bool beside_base = false;  ///< the name never has the beginning of the base model ("bert.")
};

/// Tensors of their files that our model does without: a tensor, a module, or, with a dot at the end, all below it.
struct UnusedTensor {
    const char* name;
    const char* reason;
};

/// The tables of one architecture.
struct TensorTables {
    const char* base;  ///< what the names begin with in a model with a head: "bert."
    std::span<const TensorName> names;
    std::span<const UnusedTensor> unused;
};

/// One tensor in their file.
struct TheirTensor {
    std::string name;
    StoredForm form = StoredForm::same;
    bool beside_base = false;
};

/// Under which name they store our tensor; nothing where the table has no row for it.
std::optional<TheirTensor> their_tensor(const TensorTables& tables, const std::string& ours);

/// Why our model does without their tensor; nothing where it is not in the table.
std::optional<std::string> unused_reason(const TensorTables& tables, std::string_view theirs);

/// The shape in which they store a tensor of ours.
std::vector<int64_t> stored_shape(StoredForm form, const std::vector<int64_t>& ours, int64_t patch);

}  // namespace heed
