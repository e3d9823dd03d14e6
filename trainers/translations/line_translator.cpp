#include "heed/trainers/translations/line_translator.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/datasets/text/sets/text_pairs.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/answers/input_lines.h"
#include "heed/trainers/answers/table_files.h"
#include "heed/trainers/inspection/attention_places.h"
#include "heed/trainers/run/saved_model.h"
#include "heed/trainers/translations/alignment_section.h"
#include "heed/trainers/translations/translation_decoder.h"

namespace heed {

namespace {

constexpr size_t sentences_at_once = 128;

/// Of two words for the same one would be ignored.
void refuse_both(const Recipe& recipe, const char* key, const char* option, int64_t value) {
    if (value == 0 || recipe.section("decoding").source(key).kind != Source::Kind::command_line) return;
    throw UserError(fmt::format("{} and decoding.{} say the same: expected one of them", option, key));
}

BeamSearchOptions search_options(const Recipe& recipe, const TranslateRequest& request) {
    refuse_both(recipe, "beam", "--beam", request.beam);
    refuse_both(recipe, "n_best", "--n-best", request.n_best);
    BeamSearchOptions options = recipe.options<BeamSearchOptions>("decoding");
    if (request.n_best > 0) options.n_best = request.n_best;
    if (request.beam > 0) options.beam = request.beam;
    if (request.beam > 0 && request.n_best == 0) options.n_best = std::min(options.n_best, options.beam);
    if (options.n_best > options.beam) {
        throw UserError(fmt::format("--n-best {} expects a beam of at least as many, got {}: give --beam {}",
                                    options.n_best, options.beam, options.n_best));
    }
    return options;
}

/// Writes an answer for every line, in order.
class LineTranslator {
public:
    LineTranslator(SavedModel& saved, const TranslateRequest& request)
        : saved_(saved),
          request_(request),
          facts_(facts_as<TranslationDataFacts>(*saved.trained.facts)),
          tokenizers_(facts_),
          options_(search_options(saved.trained.recipe, request)),
          decoder_(*saved.context, saved.trained.model_as<Translator>(), tokenizers_, options_) {
        if (request.attention.empty()) return;
        const std::string lacking = lacking_weights(saved.trained.model_as<Translator>(), /*cross=*/true);
        if (!lacking.empty()) throw UserError("--attention: " + lacking);
    }

    void answer(const std::vector<InputLine>& lines) {
        EncodedTexts sources;
        std::vector<bool> empty;
        for (const InputLine& line : lines) {
            EncodeReport report;
            const std::vector<int32_t> ids =
                encode_text(*tokenizers_.source, line.text, facts_.source_encode_options(), report);
            // Nothing is the translation of nothing, whatever the model has learnt.
            empty.push_back(report.empty > 0);
            if (report.empty > 0) continue;
            if (report.cut > 0) {
                fmt::print(stderr, "heed: {}: {} tokens, but the model reads {}: the rest is left out\n", line.place,
                           report.tokens, facts_.max_source_tokens - 1);
            }
            sources.add(ids);
        }
        const std::vector<std::vector<TranslationText>> translations = decoder_.translate(sources);
        if (!request_.attention.empty()) align(lines, empty, sources, translations);
        size_t place = 0;
        for (size_t i = 0; i < lines.size(); ++i) {
            ++number_;
            print(lines[i].text, empty[i] ? std::vector<TranslationText>{TranslationText{}} : translations[place++]);
        }
        std::fflush(stdout);
    }

    void write_attention() const {
        if (request_.attention.empty()) return;
        write_file_atomically(request_.attention,
                              alignment_page(alignments_, translated_, "Attention of " + saved_.path,
                                             cross_attention_remark(saved_.trained.recipe)));
    }

private:
    /// Of the first sentences that are not empty.
    void align(const std::vector<InputLine>& lines, const std::vector<bool>& empty, const EncodedTexts& sources,
               const std::vector<std::vector<TranslationText>>& translations) {
        int64_t place = 0;
        for (size_t i = 0; i < lines.size() && alignments_.size() < most_alignments; ++i) {
            if (empty[i]) continue;
            alignments_.push_back(align_translation(*saved_.context, saved_.trained.model_as<Translator>(), tokenizers_,
                                                    sources.ids(place),
                                                    translations[static_cast<size_t>(place)].front(), lines[i].text));
            ++place;
        }
        translated_ += translations.size();
    }

    void print(const std::string& source, const std::vector<TranslationText>& best) const {
        if (request_.json) {
            nlohmann::ordered_json json;
            json["source"] = source;
            json["translations"] = nlohmann::ordered_json::array();
            for (const TranslationText& each : best) {
                json["translations"].push_back({{"text", each.text},
                                                {"score", each.score},
                                                {"log_probability", each.log_probability},
                                                {"tokens", each.tokens()}});
            }
            print_json_line(json);
        } else if (options_.n_best > 1) {
            for (const TranslationText& each : best) fmt::print("{}\t{:.4f}\t{}\n", number_, each.score, each.text);
        } else {
            fmt::print("{}\n", best.front().text);
        }
    }

    SavedModel& saved_;
    const TranslateRequest& request_;
    const TranslationDataFacts& facts_;
    TranslationTokenizers tokenizers_;
    BeamSearchOptions options_;
    TranslationDecoder decoder_;
    std::vector<Alignment> alignments_;
    size_t translated_ = 0;
    int64_t number_ = 0;
};

/// answer_lines for the sources of tables, which may have several lines each. All files are read before the first
/// answer.
void answer_tables(const std::vector<std::string>& files, const ParallelDataOptions& options,
                   const std::function<void(const std::vector<InputLine>&)>& answer) {
    std::vector<InputLine> sources;
    for (const std::string& file : files) {
        for (SourceRow& row : read_source_rows(file, options)) {
            sources.push_back({std::move(row.text), fmt::format("{}:{}", file, row.line)});
        }
    }
    for (auto rest = std::span(sources); !rest.empty();) {
        const auto part = rest.first(std::min(rest.size(), sentences_at_once));
        answer({part.begin(), part.end()});
        rest = rest.subspan(part.size());
    }
}

}  // namespace

void translate_lines(SavedModel& saved, const TranslateRequest& request) {
    LineTranslator translator(saved, request);
    const Recipe& recipe = saved.trained.recipe;
    const auto answer = [&](const std::vector<InputLine>& lines) { translator.answer(lines); };
    if (are_table_files("translate", request.files, recipe, source_column_settings())) {
        answer_tables(request.files, recipe.options<ParallelDataOptions>("data"), answer);
    } else {
        answer_lines(request.files, sentences_at_once, answer);
    }
    translator.write_attention();
}

}  // namespace heed
