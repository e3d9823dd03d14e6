#include "heed/core/ops/tokens/image.h"

#include <string>

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/kernels/image_kernels.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

struct ToPatchesNode final : Node {
    ToPatchesNode() : Node("to_patches") {}
    void backward() override {
        const Tensor& dpatches = output().gradient();
        Tensor dimages = Tensor::empty(dpatches.context(), {shape.batch, shape.channels, shape.height, shape.width});
        image_kernels(dpatches).from_patches(dpatches.f32(), dimages.f32(), shape);
        images_slot->add(std::move(dimages));
    }
    PatchShape shape;
    GradientSlot* images_slot = nullptr;
};

}  // namespace

Variable to_patches(const Variable& images, int64_t patch, int64_t overlap) {
    const OpScope scope(images.context(), "to_patches");
    check_rank("to_patches", "images", images.shape(), 4);
    const Shape& sizes = images.shape();
    if (patch < 1 || overlap < 0 || sizes[2] % patch || sizes[3] % patch) {
        throw Error("to_patches: images of shape " + sizes.to_string() + " cannot be cut into patches of " +
                    std::to_string(patch) + " x " + std::to_string(patch) + " that overlap by " +
                    std::to_string(overlap));
    }
    PatchShape shape{sizes[0], sizes[1], sizes[2], sizes[3], patch, overlap};
    Tensor patches = Tensor::empty(images.context(), {sizes[0], (sizes[2] / patch) * (sizes[3] / patch),
                                                      sizes[1] * shape.window() * shape.window()});
    image_kernels(patches).to_patches(images.value().f32(), patches.f32(), shape);
    Tape& tape = images.context().tape();
    if (!tape.records(images)) return Variable(std::move(patches));
    auto& node = tape.record<ToPatchesNode>();
    node.shape = shape;
    node.images_slot = images.slot();
    return tape.output(node, std::move(patches));
}

}  // namespace heed
