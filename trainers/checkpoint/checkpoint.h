#pragma once

#include <string>

#include "heed/core/files/safetensors.h"
#include "heed/core/module/parameter_store.h"
#include "heed/trainers/checkpoint/checkpoint_facts.h"
#include "heed/trainers/loop/trainer.h"
#include "heed/trainers/optimizers/optimizer.h"

namespace heed {

/// Writes weights, optimizer state and facts into one safetensors file, atomically. With an average, it has the
/// plain names, and the weights as they are trained stand beside the optimizer's state. Without an optimizer the file
/// holds the weights that a model is used with alone. `optimizer` are the states of one.
void write_checkpoint(const std::string& path, const ParameterStore& store,
                      const std::vector<OptimizerState>* optimizer, const CheckpointFacts& facts,
                      WeightAverage* average = nullptr);

/// Whether a tensor of that name belongs to an optimizer or is a tokenizer.
bool beside_weights(const std::string& name);

/// Throws UserError when the file has no tensor of the shape of one of the model's, which is not laid out yet: damaged
/// facts must not make a model larger than the file.
void check_tensors(const SafetensorsFile& file, Module& model);

/// Copies the weights of the file into the model. The names and shapes must be exactly those of the model: what is
/// missing, unknown or of another shape is listed in one UserError. Tensors of an optimizer are left alone. Files that
/// are no checkpoints of Heed may have other dtypes (see f32_values).
void load_weights(const SafetensorsFile& file, ParameterStore& store);

/// Copies average and weights of a training that keeps both. Errors as of load_weights; UserError, too, when the
/// average is not finite.
void load_averaged_weights(const SafetensorsFile& file, ParameterStore& store, WeightAverage& average);

/// Copies the optimizer's state. Throws UserError when it is not that of this optimizer, not finite, or a negative mean
/// of squares.
void load_optimizer(const SafetensorsFile& file, ParameterStore& store, Optimizer& optimizer);

}  // namespace heed
