#include "heed/attention/types/none.h"

#include <string>

#include "heed/core/device/context.h"
#include "heed/core/error.h"

namespace heed {

namespace {

/// Nothing but the number of rows.
class NoneCache final : public AttentionCache {
public:
    explicit NoneCache(int64_t rows) : rows_(rows) {}

    void reorder(std::span<const int32_t> rows) override {
        for (const int32_t row : rows) {
            if (row >= 0 && row < rows_) continue;
            throw Error("row " + std::to_string(row) + " is not in a cache of " + std::to_string(rows_) + " rows");
        }
        rows_ = std::ssize(rows);
    }

    void check(const Tensor& x) const {
        if (x.shape()[0] == rows_) return;
        throw Error("expected a token of each of " + std::to_string(rows_) + " rows, got " +
                    std::to_string(x.shape()[0]));
    }

private:
    int64_t rows_;
};

class NoAttention final : public Attention {
public:
    using Attention::Attention;

    Variable head_outputs(const AttentionInput& input, const ForwardState&) override {
        source_of(input);
        return Variable(Tensor::zeros(input.query.context(), input.query.shape()));
    }
    Variable project_heads(const Variable& outputs) override { return outputs; }
    int64_t multiplies(int64_t, int64_t) const override { return 0; }
    double score_share(int64_t, int64_t) const override { return 0.0; }

protected:
    std::unique_ptr<AttentionCache> make_causal_cache(Context&, const DecodingStart& start) override {
        return std::make_unique<NoneCache>(start.batch);
    }
    Tensor causal_step(const Tensor& x, AttentionCache& cache) override { return causal_extend(x, cache); }
    Tensor causal_extend(const Tensor& x, AttentionCache& cache) override {
        const auto* own = dynamic_cast<const NoneCache*>(&cache);
        if (own == nullptr) throw Error("an attention layer was given the cache of another type");
        own->check(x);
        return Tensor::zeros(x.context(), x.shape());
    }
};

}  // namespace

void NoneOptions::describe(Fields&) {}

std::unique_ptr<Attention> make_none(const AttentionGeometry& geometry, const AttentionOptions&) {
    return std::make_unique<NoAttention>(geometry);
}

}  // namespace heed
