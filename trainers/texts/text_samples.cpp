#include "heed/trainers/texts/text_samples.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "heed/trainers/explanation/model_sample.h"
#include "heed/trainers/texts/line_classifier.h"
#include "heed/trainers/texts/text_table.h"
#include "heed/trainers/texts/text_workload.h"

namespace heed {

namespace {

class TextSample final : public ModelSample {
public:
    TextSample(SavedModel& saved, ExplainedInput input, std::vector<int32_t> ids, int32_t anything)
        : ModelSample(saved, std::move(input), {.several = facts_of(saved).several_labels, .explained = {}}),
          ids_(std::move(ids)),
          anything_(anything) {}

    static const TextDataFacts& facts_of(const SavedModel& saved) {
        return facts_as<TextDataFacts>(*saved.trained.facts);
    }

private:
    Variable whole(const ForwardState& state) override { return logits(ids_, 1, state); }

    Variable parts(const TokenParts& parts) override { return model().forward_parts(matrix(ids_, 1), parts, {}); }

    Variable replaced(std::span<const std::vector<uint8_t>> kept) override {
        const size_t in_front = model().shape().class_token ? 1 : 0;
        std::vector<int32_t> ids;
        for (const std::vector<uint8_t>& mask : kept) {
            for (size_t t = 0; t < ids_.size(); ++t) ids.push_back(mask[t + in_front] != 0 ? ids_[t] : anything_);
        }
        return logits(ids, std::ssize(kept), {});
    }

    std::string label(int64_t index) const override {
        return facts_of(saved()).class_names[static_cast<size_t>(index)];
    }

    TextClassifier& model() const { return saved().trained.model_as<TextClassifier>(); }
    Tensor matrix(const std::vector<int32_t>& ids, int64_t rows) const {
        return Tensor::from_host(context(), {rows, std::ssize(ids_)}, std::span<const int32_t>(ids));
    }
    Variable logits(const std::vector<int32_t>& ids, int64_t rows, const ForwardState& state) {
        const std::vector<int32_t> lengths(static_cast<size_t>(rows), static_cast<int32_t>(ids_.size()));
        return model().forward(matrix(ids, rows),
                               Tensor::from_host(context(), {rows}, std::span<const int32_t>(lengths)), state);
    }

    std::vector<int32_t> ids_;
    int32_t anything_;
};

/// Makes samples out of texts as tokens.
class TextSamples {
public:
    TextSamples(SavedModel& saved, const SampleRequest& request, const TakeSample& take)
        : saved_(saved), request_(request), take_(take), classifier_(saved) {}

    void add_lines(std::span<const InputLine> lines, const LabelSets& labels, int64_t first_label) {
        for (const InputLine& line : lines) {
            const auto truth = labels.size() == 0 ? std::span<const int32_t>() : labels[first_label++];
            if (is_asked_for()) make(line, classifier_.ids(line), truth);
        }
    }

    void add_split(const EncodedSplit& split, const std::string& name) {
        for (const int64_t i : request_.samples_of_split(split.size())) {
            const std::span<const int32_t> ids = split.texts.ids(i);
            make({classifier_.tokenizer().decode(ids), fmt::format("{} split, sample {}", name, i)},
                 {ids.begin(), ids.end()}, split.labels[i]);
        }
    }

    const LineClassifier& classifier() const { return classifier_; }

private:
    /// Whether a line is, in their order; counts.
    bool is_asked_for() { return request_.limit == 0 || number_++ < request_.limit; }

    void make(const InputLine& line, std::vector<int32_t> ids, std::span<const int32_t> truth) {
        const Tokenizer& tokenizer = classifier_.tokenizer();
        const TextTransformerShape shape = saved_.trained.model_as<TextClassifier>().shape();
        ExplainedInput input;
        input.place = line.place;
        input.text = line.text;
        if (shape.class_token) input.units.push_back({"[class]", true});
        for (const int32_t id : ids) input.units.push_back({tokenizer.token(id), false});
        if (TextSample::facts_of(saved_).special_tokens) {
            input.units[shape.class_token ? 1 : 0].fixed = true;
            input.units.back().fixed = true;
        }
        if (shape.reads_first) input.units.front().fixed = true;
        for (const int32_t label : truth) input.truth.push_back(classifier_.classes()[static_cast<size_t>(label)]);
        const int64_t read = shape.reads_first ? 1 : std::ssize(input.units);
        for (int64_t query = 0; query < read; ++query) input.read_queries.push_back(query);
        take_(std::make_unique<TextSample>(saved_, std::move(input), std::move(ids), tokenizer.special().anything()));
    }

    SavedModel& saved_;
    const SampleRequest& request_;
    const TakeSample& take_;
    LineClassifier classifier_;
    int64_t number_ = 0;
};

}  // namespace

void explain_texts(SavedModel& saved, const SampleRequest& request, const TakeSample& take) {
    TextSamples samples(saved, request, take);
    if (request.split) {
        TextWorkload workload(saved.trained, *saved.context);
        const auto& task = dynamic_cast<TextTask&>(workload.task());
        samples.add_split(split_of(task.data(), *request.split), split_name(*request.split));
        return;
    }
    const std::vector<TextTable> tables = read_text_tables("explain", request.files, saved);
    if (tables.empty()) {
        answer_lines(request.files, samples.classifier().batch(),
                     [&](const std::vector<InputLine>& lines) { samples.add_lines(lines, {}, 0); });
    }
    for (const TextTable& table : tables) samples.add_lines(table.texts, table.labels, 0);
}

}  // namespace heed
