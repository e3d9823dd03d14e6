#include "heed/apps/arguments/benchmark_arguments.h"

#include <CLI/CLI.hpp>

#include "heed/apps/arguments/arguments.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/benchmark/attention_benchmark_options.h"

namespace heed {

BenchmarkArguments::BenchmarkArguments(CLI::App& app) {
    CLI::App* bench = add_command(app, "bench", "measure time and memory on this machine: of attention types");
    add_files(bench, what_, settings_, "attention: every attention type in every pattern over sequence lengths",
              "what is measured, such as lengths=256,512 types=sdpa,smyrf (see below)");
    bench->add_option("--json", json_, "write all numbers into a file as a JSON object");
    bench->add_option("--csv", csv_, "write a table into a file, a line for each type, pattern and length");
    bench->add_option("--page", page_, "write tables and pictures into a file that ends in .html");
    bench->footer(attention_benchmark_settings_help());
}

std::optional<Command> BenchmarkArguments::command(const std::string& name) const {
    if (name != "bench") return std::nullopt;
    const std::vector<std::string> all = {"attention"};
    if (what_.empty()) {
        throw UserError(error_of_command("bench", "what to measure is needed: " + listed(all, " or ")));
    }
    if (what_.front() != "attention") {
        throw UserError("heed bench expects " + listed(all, " or ") + ", got " + quote(what_.front()) +
                        did_you_mean(what_.front(), all));
    }
    if (what_.size() > 1) {
        throw UserError(error_of_command("bench", "unexpected argument " + quote(what_[1])));
    }
    if (!page_.empty()) check_page("--page", page_);
    return BenchAttentionCommand{settings_, json_, csv_, page_};
}

}  // namespace heed
