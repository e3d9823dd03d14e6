#include "heed/apps/arguments/benchmark_arguments.h"

#include <CLI/CLI.hpp>

#include "heed/apps/arguments/arguments.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/benchmark/attention_benchmark_options.h"

namespace heed {

BenchmarkArguments::BenchmarkArguments(CLI::App& app) {
    CLI::App* bench = add_command(
        app, "bench", "measure on this machine: time and memory of attention types, the ops of a training step");
    add_files(bench, what_, settings_,
              "attention: every attention type in every pattern over sequence lengths; profile RECIPE: where the time "
              "of its training steps goes",
              "attention: what is measured, such as lengths=256,512 types=sdpa,smyrf (see below); profile: " +
                  std::string(overrides_help));
    bench->add_option("--json", json_, "write all numbers into a file as a JSON object");
    bench->add_option("--csv", csv_, "attention: write a table into a file, a line for each type, pattern and length");
    bench->add_option("--page", page_, "attention: write tables and pictures into a file that ends in .html");
    bench->add_option("--steps", steps_, "profile: steps that are measured (default: 20)");
    bench->add_option("--warm-up", warm_up_, "profile: steps before these, which do not count (default: 3)");
    bench->footer(attention_benchmark_settings_help());
}

BenchProfileCommand BenchmarkArguments::checked_profile() const {
    if (what_.size() < 2) throw UserError(error_of_command("bench", "profile needs a recipe file"));
    if (what_.size() > 2) throw UserError(error_of_command("bench", "unexpected argument " + quote(what_[2])));
    if (!csv_.empty() || !page_.empty()) {
        throw UserError(std::string(csv_.empty() ? "--page" : "--csv") +
                        " is for heed bench attention, not for profile");
    }
    BenchProfileCommand profile = {.recipe = what_[1], .overrides = settings_, .json = json_};
    set_number("--steps", steps_, profile.steps, 1, 1'000'000);
    set_number("--warm-up", warm_up_, profile.warm_up, 0, 1'000'000);
    return profile;
}

std::optional<Command> BenchmarkArguments::command(const std::string& name) const {
    if (name != "bench") return std::nullopt;
    const std::vector<std::string> all = {"attention", "profile"};
    if (what_.empty()) {
        throw UserError(error_of_command("bench", "what to measure is needed: " + listed(all, " or ")));
    }
    if (what_.front() == "profile") return checked_profile();
    if (what_.front() != "attention") {
        throw UserError("heed bench expects " + listed(all, " or ") + ", got " + quote(what_.front()) +
                        did_you_mean(what_.front(), all));
    }
    if (what_.size() > 1) throw UserError(error_of_command("bench", "unexpected argument " + quote(what_[1])));
    if (!steps_.empty() || !warm_up_.empty()) {
        throw UserError(std::string(steps_.empty() ? "--warm-up" : "--steps") +
                        " is for heed bench profile, not for attention (which has runs=11)");
    }
    if (!page_.empty()) check_page("--page", page_);
    return BenchAttentionCommand{settings_, json_, csv_, page_};
}

}  // namespace heed
