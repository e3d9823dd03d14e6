#include "heed/trainers/loop/evaluation.h"

#include <fmt/format.h>

#include "heed/trainers/metrics/rouge.h"

namespace heed {

std::string score_label(std::string_view metric) {
    if (metric == "bleu") return "BLEU";
    if (metric == "chrf") return "chrF";
    for (size_t form = 0; form < rouge_names.size(); ++form) {
        if (metric == rouge_names[form]) return std::string(rouge_labels[form]);
    }
    return "";
}

std::string score_text(std::string_view compared_by, double score) {
    if (compared_by == "loss") return fmt::format("{:.4f}", -score);
    if (compared_by == "BLEU" || compared_by.starts_with("ROUGE")) return fmt::format("{:.2f}", score);
    return fmt::format("{:.2f} %", 100.0 * score);
}

}  // namespace heed
