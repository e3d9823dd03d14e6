#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace heed::test {

/// The stored results of sacrebleu (make_bleu_cases.py).
nlohmann::json read_bleu_cases();

/// The texts of one case.
struct BleuTexts {
    std::vector<std::string> hypotheses;
    std::vector<std::vector<std::string>> references;
};
BleuTexts bleu_texts(const nlohmann::json& stored);

}  // namespace heed::test
