#include "heed/apps/comparison/comparison_report.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include "heed/core/files/atomic_file.h"
#include "heed/trainers/comparison/report/comparison_json.h"
#include "heed/trainers/comparison/report/comparison_page.h"
#include "heed/trainers/comparison/report/comparison_text.h"

namespace heed {

void write_comparison(const Comparison& comparison, const std::string& folder) {
    write_file_atomically(folder + "/comparison.json", comparison_json(comparison));
    write_file_atomically(folder + "/comparison.csv", comparison_csv(comparison));
    write_file_atomically(folder + "/comparison.md", comparison_markdown(comparison));
    write_file_atomically(folder + "/comparison.html", comparison_page(comparison));
}

void print_comparison(const Comparison& comparison) {
    fmt::print("{}", aligned(result_table(comparison)));
    if (!comparison.claims.empty()) fmt::print("\n{}", aligned(claim_table(comparison)));
}

void print_remarks(const Comparison& comparison) {
    for (const Contender& contender : comparison.contenders) {
        if (!contender.remark.empty()) fmt::print("{}: {}\n", contender.name, contender.remark);
    }
}

std::vector<std::string> notes_on_numbers(const Comparison& comparison) {
    std::vector<std::string> notes = {
        fmt::format("Mean and standard deviation over the seeds. Gains are differences paired by seed, with their "
                    "{:g} % confidence interval (Student's t), of one comparison at a time. The test set is read once, "
                    "by the weights that were the best on validation data.",
                    100.0 * comparison.confidence),
        "Inference is a forward pass over the validation split, a sample's share of it, measured for one run after the "
        "other. Multiply-adds are those of a forward pass over the longest sample. Peak memory is that of the process "
        "that trained."};
    for (const Contender& contender : comparison.contenders) {
        if (!contender.remark.empty()) notes.push_back(contender.name + ": " + contender.remark + ".");
        if (std::ssize(contender.runs) == 1) {
            notes.push_back(contender.name + " has one seed: nobody knows how far another one would be from it.");
        }
    }
    return notes;
}

}  // namespace heed
