#pragma once

#include <string>
#include <vector>

#include "heed/tests/e2e/program.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/trainers/record/metrics_reader.h"

namespace heed::test {

/// A folder with a tiny data set in data/ (8x8 pixels, 4 classes, 100 training and 40 test images) and a recipe for it,
/// tiny.yaml: one thread, 18 steps of 10 images in 2 epochs, dropout, 5 tokens.
struct TinyTraining {
    TinyTraining();

    TemporaryFolder folder;

    /// Calls the program in the folder.
    ProgramResult run(const std::vector<std::string>& arguments) const { return run_program(folder.path(), arguments); }
    /// Trains a recipe of the folder in its run folder `dir`.
    ProgramResult train_recipe(const std::string& recipe, const std::string& dir,
                               const std::vector<std::string>& more = {}) const;
    /// Trains tiny.yaml in the run folder `dir` of the folder.
    ProgramResult train(const std::string& dir, const std::vector<std::string>& more = {}) const;
    /// The arguments for that.
    static std::vector<std::string> train_arguments(const std::string& dir, const std::vector<std::string>& more = {});

    /// The content of a file of the folder.
    std::string file(const std::string& path) const;
    bool exists(const std::string& path) const;
    std::string last_checkpoint(const std::string& dir) const { return file(dir + "/checkpoints/last.safetensors"); }

    /// The lines of `dir`/metrics.jsonl with that event.
    std::vector<MetricsRecord> events(const std::string& dir, const std::string& event) const;
    /// Their values of a field, one each.
    std::vector<double> values(const std::string& dir, const std::string& event, const std::string& field) const;
    std::vector<double> losses(const std::string& dir) const { return values(dir, "step", "loss"); }
};

/// Expects that the program ended with `code` and that its last line on standard error, the only one of its kind, is an
/// error with `part`; with exit code 2 it has to be the only line at all.
void expect_error(const ProgramResult& result, int code, const std::string& part);

/// Expects equally many losses that differ by at most `tolerance`, relative.
void expect_close(const std::vector<double>& actual, const std::vector<double>& expected, double tolerance);

}  // namespace heed::test
