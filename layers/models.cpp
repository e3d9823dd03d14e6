#include "heed/layers/models.h"

#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/nearest_name.h"
#include "heed/layers/vit.h"

namespace heed {

namespace {

const ModelType types[] = {
    {"vit", "vision transformer: patches of an image, an encoder, a linear head",
     []() -> std::unique_ptr<Options> { return std::make_unique<VitOptions>(); },
     [](const Options& options, const AttentionChoice& attention, const ImageGeometry& images) {
         return make_vit(dynamic_cast<const VitOptions&>(options), attention, images);
     }},
};

}  // namespace

std::span<const ModelType> model_types() {
    return types;
}

const ModelType& model_type(std::string_view name) {
    std::vector<std::string> names;
    for (const ModelType& type : types) {
        if (name == type.name) return type;
        names.emplace_back(type.name);
    }
    throw UserError("unknown model type '" + std::string(name) + "'" + did_you_mean(name, names));
}

}  // namespace heed
