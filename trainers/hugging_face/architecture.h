#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "heed/core/files/safetensors.h"
#include "heed/trainers/hugging_face/json_file.h"
#include "heed/trainers/hugging_face/tensor_names.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

/// A file to be written, by its name in a folder.
struct NamedFile {
    std::string name, content;
};

/// A file that training reads from the folder of an imported model, and the setting that names it: "tokenizer.file".
struct SettingFile {
    std::string setting;
    NamedFile file;
};

/// What config.json and the files of the tokenizer make of a model for Heed.
struct ImportedModel {
    std::vector<std::string> settings;              ///< of the recipe: "model.dim=384"
    std::vector<SettingFile> files;                 ///< more of them
    std::vector<std::string> fine_tuning;           ///< those in which a recipe that goes on training differs
    std::string facts;                              ///< of the data, as read_facts takes them
    std::map<std::string, std::string> tokenizers;  ///< their bytes, by the name that the facts have
    int64_t patch = 1;                              ///< side of the patches of images
};

/// A model of Heed's as files of Hugging Face, besides its tensors.
struct ExportedModel {
    std::string architecture;  ///< "BertModel"
    bool with_base = false;    ///< whether names have the beginning of the base model
    int64_t patch = 1;         ///< side of the patches of images
    std::vector<NamedFile> files;
};

/// One architecture of Hugging Face's that Heed reads and writes: its name, rename tables, and how its settings are
/// ours.
class Architecture {
public:
    virtual ~Architecture() = default;

    /// As config.json has it: "bert".
    virtual const char* model_type() const = 0;
    /// Whether it is that of a config.json of its model_type, of which there may be several.
    virtual bool accepts(const JsonFile& /*config*/) const { return true; }
    virtual TensorTables tables() const = 0;

    /// Reads what lies in `folder` besides `weights`. Throws UserError, naming file and key, for settings that Heed's
    /// models lack.
    virtual ImportedModel read(const std::string& folder, const JsonFile& config,
                               const SafetensorsFile& weights) const = 0;

    /// The type of ours that it is: "text_classifier".
    virtual const char* our_model() const = 0;
    /// Why a model of that type cannot be stored as this architecture, as a UserError would say it: "model.norm is pre,
    /// expected post"; empty where it can.
    virtual std::string obstacle(const TrainedModel& model) const = 0;
    virtual ExportedModel write(const TrainedModel& model) const = 0;
};

/// Those that Heed knows, in the order in which an export tries them.
std::span<const Architecture* const> architectures();

/// That of a config.json. Throws UserError, which names the known ones, for another.
const Architecture& architecture_of(const JsonFile& config);

}  // namespace heed
