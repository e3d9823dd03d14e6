#pragma once

#include <span>

#include "heed/core/device/context.h"
#include "heed/datasets/text/plain/token_windows.h"
#include "heed/layers/models/language_model.h"
#include "heed/trainers/loop/in_memory_task.h"

namespace heed {

/// A split of plain text as a model takes it.
struct EncodedLanguage {
    TokenWindows windows;
    /// Bytes of text for a token, on average; 0 where the tokens do not give the text back.
    double bytes_per_token = 0.0;

    int64_t size() const { return windows.size(); }
};

struct EncodedLanguageData {
    EncodedLanguage train, validation, test;
    int32_t pad = 0;
    int64_t context = 1;  ///< tokens of a training window
};

/// Language modelling: each token is to be said from those before it in its window; by a masked model the tokens that
/// are hidden (mask_window), in evaluations always the same. Loss and accuracy are means over the tokens that count.
class LanguageTask final : public InMemoryTask {
public:
    LanguageTask(Context& context, LanguageModel& model, EncodedLanguageData data, double label_smoothing);

    Module& model() override { return *model_; }
    void use_model(Module& model) override { model_ = &dynamic_cast<LanguageModel&>(model); }
    /// Windows.
    int64_t samples(Split split) const override { return split_of(data_, split).size(); }
    /// `batch` is the tokens of an optimizer batch, data.context of them a window.
    int64_t epoch_steps(int64_t batch) const override;
    /// With "perplexity" and, where the tokens give the text back and the model says the next one, "bits_per_byte".
    Evaluation evaluate(Split split) override;
    double divergence_from(Module& other, Split split) override;

    const EncodedLanguageData& data() const { return data_; }

private:
    template <class Measure, class Add>
    void measure_batches(Split split, const Measure& measure, const Add& add);
    void mask(WindowBatch& batch, std::span<const uint32_t> samples, uint64_t seed, uint32_t step) const;
    int64_t windows_in(int64_t batch) const;
    TokenBatches batches(int64_t batch, bool shuffle, uint64_t seed) const override;
    void fill(const BatchPart& part) override;
    MicroBatch compute(const ForwardState& state) override;
    void show(std::span<const int64_t> places, const ForwardState& state) override;
    void show_together(std::span<const int64_t> places, const ForwardState& state) override;

    LanguageModel* model_;
    EncodedLanguageData data_;
    float label_smoothing_;
    WindowBatch batch_;  // the last micro-batch
};

/// What is to be said of the tokens of windows.
struct LanguageTargets {
    /// i32 [count]: the tokens for which logits are wanted, row * columns + column; undefined: all.
    Tensor rows = {};
    Tensor ids = {};  ///< i32, what each of them has to say; -1: does not count
};

/// Those of a batch: of the tokens that count alone where these are less than half of all, as in masked models.
LanguageTargets language_targets(Context& context, const WindowBatch& batch, int64_t vocabulary);

/// Logits [rows * columns of the windows, vocabulary] of what follows each token that they read, or, where `rows` is
/// defined, of those tokens alone.
Variable language_logits(Context& context, LanguageModel& model, const WindowBatch& batch, const ForwardState& state,
                         const Tensor& rows = {});

}  // namespace heed
