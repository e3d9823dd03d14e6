#pragma once

#include <map>
#include <string>

#include "heed/core/files/safetensors.h"
#include "heed/trainers/kinds/data_facts.h"
#include "heed/trainers/loop/trainer.h"

namespace heed {

/// What the names of the tensors with a checkpoint's tokenizers begin with.
inline const std::string tokenizer_prefix = "data.";

/// What a checkpoint tells besides its tensors. It holds no time, host or path, so that equal runs give equal files.
struct CheckpointFacts {
    std::string recipe;  ///< resolved, without data.root, run.* and init
    SharedFacts data;
    TrainingState progress;
    std::string versions;       ///< Heed, oneDNN, instruction set and threads that wrote it
    bool weights_only = false;  ///< no training can go on from it
    std::string teacher = {};   ///< checksum of the model that the training follows; empty: none
};

/// The versions that a checkpoint written now would name. Only a resume under the same ones gives the same bits.
std::string numeric_versions();

/// Whether Heed wrote it as a checkpoint, of whatever format.
bool is_checkpoint(const SafetensorsFile& file);

/// The facts as a checkpoint keeps them, in the metadata of its file.
std::map<std::string, std::string> checkpoint_metadata(const CheckpointFacts& facts);

/// Reads the facts. Throws UserError when the file is no checkpoint of Heed, of a newer format, or damaged.
CheckpointFacts read_checkpoint_facts(const SafetensorsFile& file);

}  // namespace heed
