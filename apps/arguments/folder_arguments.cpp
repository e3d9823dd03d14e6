#include "heed/apps/arguments/folder_arguments.h"

#include <CLI/CLI.hpp>

#include "heed/apps/arguments/arguments.h"
#include "heed/core/error.h"
#include "heed/core/settings/number_text.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/kinds/command_settings.h"

namespace heed {

FolderArguments::FolderArguments(CLI::App& app) {
    CLI::App* import =
        add_command(app, "import", "make a model out of a folder with public weights (config.json, safetensors)");
    import
        ->add_option("folder", import_.folder,
                     "folder in the format of Hugging Face's transformers: BERT and the like, DistilBERT, ViT, DeiT, "
                     "MarianMT")
        ->required();
    import->add_option("--to", import_.to, "run folder to make, new or empty (default: runs/NAME of the folder)");

    CLI::App* export_to = add_command(app, "export", "write a model as Hugging Face's transformers reads it");
    export_to->add_option("target", export_.target, target_help)->required();
    export_to->add_option("folder", export_.folder, "folder to make, new or empty")->required();
    export_to
        ->add_flag("--without-head", export_.without_head,
                   "leave out the head for classes, where transformers has no model with such a one")
        ->disable_flag_override();

    CLI::App* info =
        add_command(app, "info", "show what a run or checkpoint holds: architecture, parameters, provenance");
    info->add_option("target", info_.target, target_help)->required();

    CLI::App* report = add_command(app, "report", "write the page of a run: running, stopped, diverged or finished");
    report->add_option("run", report_.target, "run folder")->required();
    report->add_option("settings", report_.overrides, command_settings_help("report"));

    CLI::App* data = add_command(app, "data", "list, get and examine data sets");
    data->add_option("action", data_.action, "list, get NAME... or info NAME|PATH")->required();
    data->add_option("names", data_.names, "data sets; for info also a folder or file");
    data->add_option("--to", data_.to, "get: folder of all data sets (default: the first of HEED_DATA, or data)");
    data->add_option("--mirror", data_.mirror,
                     "get: address that has NAME/FILE, asked instead of the official ones (or HEED_DATA_MIRROR)");
    data->add_option("--timeout", timeout_, "get: seconds to wait for a silent server (default: 30)");
    data->add_flag("--verify", data_.verify, "info: compare the files with their checksums");
    data->add_flag("--json", data_.json, "list, info: print JSON");
}

std::optional<Command> FolderArguments::command(const std::string& name) {
    if (name == "import") return import_;
    if (name == "export") return export_;
    if (name == "info") return info_;
    if (name == "report") return report_;
    if (name == "data") {
        if (!timeout_.empty() && (!parse_int(timeout_, data_.timeout) || data_.timeout < 1)) {
            throw UserError("--timeout expects a whole number of seconds from 1 on, got " + quote(timeout_));
        }
        return data_;
    }
    return std::nullopt;
}

}  // namespace heed
