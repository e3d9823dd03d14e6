#include "heed/trainers/translations/scoring/translation_scores.h"

#include "heed/trainers/metrics/bleu.h"
#include "heed/trainers/metrics/chrf.h"
#include "heed/trainers/metrics/rouge.h"

namespace heed {

namespace {

using References = std::vector<std::vector<std::string>>;

void add_rouge(Evaluation& result, const std::string& suffix, const References& references) {
    const RougeCorpus corpus = rouge_of_all(result.translations, references);
    const RougeScores mean = corpus.mean();
    for (size_t form = 0; form < mean.size(); ++form) {
        const std::string name = std::string(rouge_names[form]) + suffix;
        result.more.emplace_back(name, 100 * mean[form].f1);
        result.more.emplace_back(name + "_precision", 100 * mean[form].precision);
        result.more.emplace_back(name + "_recall", 100 * mean[form].recall);
    }
    const std::vector<std::string> texts = corpus.texts();
    result.remarks.insert(result.remarks.end(), texts.begin(), texts.end());
}

void add_metric(Evaluation& result, const std::string& metric, const std::string& suffix,
                const References& references) {
    if (metric == "rouge") return add_rouge(result, suffix, references);
    const auto add = [&](const auto& score) {
        result.more.emplace_back(metric + suffix, score.score);
        result.remarks.push_back(score.text());
    };
    if (metric == "bleu") add(bleu(result.translations, references));
    if (metric == "chrf") add(chrf(result.translations, references));
}

}  // namespace

std::vector<std::string> translation_score_names() {
    std::vector<std::string> names;
    for (const std::string suffix : {"", "_multi"}) {
        for (const char* name : {"bleu", "chrf"}) names.push_back(name + suffix);
        for (const std::string_view form : rouge_names) {
            for (const char* part : {"", "_precision", "_recall"}) names.push_back(std::string(form) + suffix + part);
        }
    }
    return names;
}

void add_translation_scores(Evaluation& result, const std::vector<std::string>& metrics, const ReferenceText& texts) {
    References single;
    bool several = false;
    for (const std::vector<std::string>& references : texts.references) {
        single.push_back({references.front()});
        several = several || references.size() > 1;
    }
    for (const std::string& metric : metrics) add_metric(result, metric, "", single);
    if (!several) return;
    for (const std::string& metric : metrics) add_metric(result, metric, "_multi", texts.references);
}

std::vector<std::pair<std::string, double>> labelled_scores(const Evaluation& result) {
    std::vector<std::pair<std::string, double>> scores;
    for (const auto& [name, value] : result.more) {
        const std::string label = score_label(name);
        if (!label.empty()) scores.emplace_back(label, value);
    }
    return scores;
}

}  // namespace heed
