#include "heed/layers/models/image_models.h"

#include "heed/layers/models/vit.h"

namespace heed {

std::span<const ImageModelType> image_model_types() {
    static constexpr ImageModelType types[] = {
        {.name = "vit",
         .summary = "vision transformer: patches of an image, an encoder, a linear head",
         .make_options = new_model_options<VitOptions>,
         .make =
             [](const Options& options, const StackAttention& attention, const ImageGeometry& images) {
                 return make_vit(dynamic_cast<const VitOptions&>(options), attention, images);
             }},
    };
    return types;
}

}  // namespace heed
