#pragma once

#include <string>
#include <utility>
#include <vector>

#include "heed/core/files/safetensors.h"
#include "heed/core/module/parameter_store.h"
#include "heed/trainers/hugging_face/tensor_names.h"

namespace heed {

/// Tensors of a file that the model does without, by the reason.
using UnusedTensors = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// Holds the names and shapes of a file of Hugging Face's against those of a model that is not laid out and not used
/// again, so that a damaged config.json takes no memory. Every tensor of the file is one of the model's or named by the
/// table of unused ones, which are given back; else, or where one is missing or has another shape, a UserError names
/// them all. `patch` is the side of the patches of images.
UnusedTensors check_their_tensors(const SafetensorsFile& file, const TensorTables& tables, Module& model,
                                  int64_t patch);

/// Copies the tensors of a file that was checked, of whatever dtype, into the model of `store`. Throws UserError where
/// a value has no f32 or is not finite.
void load_their_tensors(const SafetensorsFile& file, const TensorTables& tables, const ParameterStore& store);

/// Writes the tensors of `store` under their names, f32. `with_base`: those of the base model have its beginning.
void write_their_tensors(const std::string& path, const ParameterStore& store, const TensorTables& tables,
                         bool with_base, int64_t patch);

}  // namespace heed
