#include "heed/layers/models/vit.h"

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/module/dropout.h"
#include "heed/core/ops/elementwise/activation.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/tokens/tokens.h"
#include "heed/layers/block_settings.h"
#include "heed/layers/encoder.h"
#include "heed/layers/patch_embedding.h"
#include "heed/layers/positions.h"

namespace heed {

void VitOptions::describe(Fields& fields) {
    fields.add("dim", dim, "width of the tokens").range(1, 65536).unit("features");
    fields.add("depth", depth, "number of encoder blocks").range(0, 1000).unit("blocks");
    fields.add("heads", heads, "attention heads; divides dim").range(1, 1024).unit("heads");
    fields.add("mlp_dim", mlp_dim, "width of the hidden layer of each block").range(1, 262144).unit("features");
    fields.add("patch", patch, "side of the square patches; divides the image").range(1, 4096).unit("pixels");
    fields.add("overlap", overlap, "how far a patch sees beyond each of its sides, into its neighbours")
        .range(0, 4096)
        .unit("pixels");
    fields.add("dropout", dropout, "probability of dropout after the positions and on each residual branch")
        .range(0.0, 0.99);
    fields
        .add("drop_path", drop_path,
             "stochastic depth: probability that a sample skips a branch of the last block, rising from 0 in the first")
        .range(0.0, 0.99);
    describe_norm(fields, norm, norm_epsilon);
    fields.add("pool", pool, "classify from a class token or from the mean of the tokens").choices({"class", "mean"});
    fields
        .add("distillation", distillation,
             "a second token behind the class token, as DeiT has it (token), and a second head that reads it, whose "
             "logits are averaged with the first's (head)")
        .choices({"none", "token", "head"});
    fields.add("positions", positions, "what tells a token's position").choices({"learned", "sinusoidal", "none"});
    fields.add("activation", activation, "function between the two layers of each MLP")
        .choices({"gelu", "gelu_tanh", "relu", "silu"});
    describe_checkpointing(fields, checkpoint_activations);
}

void VitOptions::validate() const {
    check_heads_divide(heads, dim);
    if (distillation != "none" && pool != "class") {
        throw UserError("model.distillation " + distillation + " needs model.pool class, got " + pool);
    }
}

namespace {

PatchTransformerShape shape_of(const VitOptions& options, const ImageGeometry& images) {
    if (images.height % options.patch != 0 || images.width % options.patch != 0) {
        throw UserError("expected model.patch to divide the image size, got a patch of " +
                        std::to_string(options.patch) + " for images of " + std::to_string(images.height) + " x " +
                        std::to_string(images.width));
    }
    if (options.overlap > std::max(images.height, images.width)) {
        throw UserError("expected model.overlap to be at most the side of the image, got " +
                        std::to_string(options.overlap) + " pixels for images of " + std::to_string(images.height) +
                        " x " + std::to_string(images.width));
    }
    return {options.dim,
            options.depth,
            options.heads,
            images.height / options.patch,
            images.width / options.patch,
            options.pool == "class",
            options.distillation != "none",
            options.distillation == "head"};
}

EncoderSettings encoder_settings(const VitOptions& options, int64_t tokens) {
    EncoderSettings settings;
    take_block_options(settings, options);
    settings.depth = options.depth;
    settings.drop_path = options.drop_path;
    settings.max_tokens = tokens;
    return settings;
}

class Vit final : public ImageClassifier {
public:
    Vit(const VitOptions& options, const StackAttention& attention, const ImageGeometry& images)
        : shape_(shape_of(options, images)),
          has_positions_(options.positions != "none"),
          patch_embedding_(images.channels, options.patch, options.overlap, options.dim),
          class_token_({options.dim}, Initializer::normal(0.02f), false),
          distillation_token_({options.dim}, Initializer::normal(0.02f), false),
          positions_(tokens(), options.dim, options.positions),
          dropout_(options.dropout),
          encoder_(encoder_settings(options, tokens()), attention) {
        add("patch_embedding", patch_embedding_);
        if (shape_.class_token) add("class_token", class_token_);
        if (shape_.distillation_token) add("distillation_token", distillation_token_);
        if (has_positions_) add("positions", positions_);
        add("dropout", dropout_);
        add("encoder", encoder_);
        if (images.classes == 0) return;
        head_ = std::make_unique<Linear>(options.dim, images.classes);
        add("head", *head_);
        if (options.distillation != "head") return;
        distillation_head_ = std::make_unique<Linear>(options.dim, images.classes);
        add("distillation_head", *distillation_head_);
    }

    Variable forward(const Tensor& images, const ForwardState& state) override {
        return classify(encoder_.forward(embed(images, state), {}, state), {});
    }

    Variable forward_parts(const Tensor& image, const TokenParts& parts, const ForwardState& state) override {
        const NoGradient guard(image.context());
        return classify(encoder_.forward(parts.of(embed(image, state)), parts.mask(), state), parts.lengths);
    }

    Variable features(const Tensor& images, const ForwardState& state) override {
        return pooled(encoder_.forward(embed(images, state), {}, state), {});
    }

    PatchTransformerShape shape() const override { return shape_; }

    int64_t multiplies() const override {
        return patch_embedding_.multiplies(shape_.rows * shape_.columns) + encoder_.multiplies(tokens()) +
               (head_ ? head_->in() * head_->out() : 0) +
               (distillation_head_ ? distillation_head_->in() * distillation_head_->out() : 0);
    }

private:
    Variable classify(const Variable& x, const Tensor& lengths) {
        if (!head_) throw Error("the vision transformer has no head, as there are no classes");
        const Variable logits = head_->forward(pooled(x, lengths));
        if (!distillation_head_) return logits;
        return scale(::heed::add(logits, distillation_head_->forward(pool_tokens(x, TokenPool::second))), 0.5f);
    }

    Variable pooled(const Variable& x, const Tensor& lengths) const {
        return pool_tokens(x, shape_.class_token ? TokenPool::first : TokenPool::mean, lengths);
    }

    Variable embed(const Tensor& images, const ForwardState& state) {
        Variable patches = patch_embedding_.forward(Variable(images));
        if (shape_.distillation_token) patches = assemble_tokens(patches, distillation_token_.variable(), Variable());
        Variable tokens = assemble_tokens(patches, shape_.class_token ? class_token_.variable() : Variable(),
                                          has_positions_ ? positions_.forward(images.context()) : Variable());
        return dropout_.forward(tokens, state);
    }

    PatchTransformerShape shape_;
    bool has_positions_;
    PatchEmbedding patch_embedding_;
    Parameter class_token_, distillation_token_;
    Positions positions_;
    Dropout dropout_;
    Encoder encoder_;
    std::unique_ptr<Linear> head_;               ///< null without classes
    std::unique_ptr<Linear> distillation_head_;  ///< reads the token of distillation; null without
};

}  // namespace

std::unique_ptr<ImageClassifier> make_vit(const VitOptions& options, const StackAttention& attention,
                                          const ImageGeometry& images) {
    options.validate();
    return std::make_unique<Vit>(options, attention, images);
}

}  // namespace heed
