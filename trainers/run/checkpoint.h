#pragma once

#include <string>

#include "heed/core/files/safetensors.h"
#include "heed/core/module/parameter_store.h"
#include "heed/trainers/loop/trainer.h"
#include "heed/trainers/optimizers/optimizer.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

/// What a checkpoint tells besides its tensors. It holds no time, host or path, so that equal runs give equal files.
struct CheckpointFacts {
    std::string recipe;  ///< resolved, without data.root, run.* and init
    SharedFacts data;
    TrainingState progress;
    std::string versions;       ///< Heed, oneDNN, instruction set and threads that wrote it
    bool weights_only = false;  ///< no training can go on from it
};

/// The versions that a checkpoint written now would name. Only a resume under the same ones gives the same bits.
std::string numeric_versions();

/// Writes weights, optimizer state and facts into one safetensors file, atomically. With an average, it has the
/// plain names, and the weights as they are trained stand beside the optimizer's state. Without an optimizer the file
/// holds the weights that a model is used with alone.
void write_checkpoint(const std::string& path, const ParameterStore& store, Optimizer* optimizer,
                      const CheckpointFacts& facts, WeightAverage* average = nullptr);

/// Whether Heed wrote it as a checkpoint, of whatever format.
bool is_checkpoint(const SafetensorsFile& file);

/// Whether a tensor of that name belongs to an optimizer or is a tokenizer.
bool beside_weights(const std::string& name);

/// Reads the facts. Throws UserError when the file is no checkpoint of Heed, of a newer format, or damaged.
CheckpointFacts read_checkpoint_facts(const SafetensorsFile& file);

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
