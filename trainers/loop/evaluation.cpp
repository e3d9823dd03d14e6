#include "heed/trainers/loop/evaluation.h"

#include <fmt/format.h>

namespace heed {

std::string score_text(std::string_view compared_by, double score) {
    if (compared_by == "loss") return fmt::format("{:.4f}", -score);
    if (compared_by == "BLEU") return fmt::format("{:.2f}", score);
    return fmt::format("{:.2f} %", 100.0 * score);
}

}  // namespace heed
