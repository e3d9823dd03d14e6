#pragma once

#include <string>
#include <utility>
#include <vector>

#include "heed/trainers/hugging_face/their_tensors.h"

namespace heed {

/// What became of a folder of Hugging Face's.
struct ImportReport {
    std::string architecture;  ///< "BertModel"
    std::string folder;        ///< the run folder that was made
    std::string recipe;        ///< in it: a recipe that fine-tunes the model
    int64_t tensors = 0;       ///< of the file
    int64_t parameters = 0;    ///< of the model
    bool lacks_head = false;   ///< for classes
    UnusedTensors unused;
    std::vector<std::pair<std::string, std::string>> information;  ///< as `heed info` tells it
};

/// Reads config.json, model.safetensors and the tokenizer of `folder` into a run folder `to`, which must be new or
/// empty ("": runs/NAME with the name of `folder`): a checkpoint, the files that its recipe names, and a recipe that
/// fine-tunes it. Where anything does not fit nothing is written. Throws UserError, see Architecture::read and
/// load_their_tensors.
ImportReport import_model(const std::string& folder, const std::string& to);

}  // namespace heed
