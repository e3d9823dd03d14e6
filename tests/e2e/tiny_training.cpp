#include "heed/tests/e2e/tiny_training.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"

namespace heed::test {

TinyTraining::TinyTraining() {
    write_tiny_images(folder / "data", {.train = 100, .test = 40, .height = 8, .width = 8, .classes = 4});
    write_text(folder / "tiny.yaml",
               "model: {type: vit, dim: 16, depth: 2, heads: 2, mlp_dim: 32, patch: 4, dropout: 0.1}\n"
               "data: {name: idx, root: data, classes: 4, batch: 10}\n"
               "train: {epochs: 2, seed: 3}\n"
               "optimizer: {type: adamw, lr: 1e-2}\n"
               "threads: 1\n");
}

namespace {

std::vector<std::string> training_of(const std::string& recipe, const std::string& dir,
                                     const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"train", recipe, "run.dir=" + dir};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

}  // namespace

std::vector<std::string> TinyTraining::train_arguments(const std::string& dir, const std::vector<std::string>& more) {
    return training_of("tiny.yaml", dir, more);
}

ProgramResult TinyTraining::train_recipe(const std::string& recipe, const std::string& dir,
                                         const std::vector<std::string>& more) const {
    return run(training_of(recipe, dir, more));
}

ProgramResult TinyTraining::train(const std::string& dir, const std::vector<std::string>& more) const {
    return run(train_arguments(dir, more));
}

std::string TinyTraining::file(const std::string& path) const {
    return read_text(folder / path);
}

bool TinyTraining::exists(const std::string& path) const {
    return std::filesystem::exists(folder / path);
}

std::vector<MetricsRecord> TinyTraining::events(const std::string& dir, const std::string& event) const {
    std::vector<MetricsRecord> records = read_metrics(folder / (dir + "/metrics.jsonl"));
    std::erase_if(records, [&](const MetricsRecord& record) { return record.event != event; });
    return records;
}

std::vector<double> TinyTraining::values(const std::string& dir, const std::string& event,
                                         const std::string& field) const {
    std::vector<double> found;
    for (const MetricsRecord& record : events(dir, event)) {
        const std::optional<double> value = record.number(field);
        if (!value) throw std::runtime_error("an event " + event + " lacks " + field);
        found.push_back(*value);
    }
    return found;
}

void expect_error(const ProgramResult& result, int code, const std::string& part) {
    SCOPED_TRACE(part);
    EXPECT_EQ(result.signal, 0);
    EXPECT_EQ(result.code, code);
    std::istringstream stream(result.errors);
    std::string line, last;
    int lines = 0, errors = 0;
    while (std::getline(stream, line)) {
        lines++;
        errors += line.starts_with("heed: error: ") ? 1 : 0;
        last = line;
    }
    EXPECT_TRUE(begins_with(last, "heed: error: "));
    EXPECT_TRUE(contains(last, part));
    EXPECT_EQ(errors, 1) << result.errors;
    if (code == 2) {
        EXPECT_EQ(lines, 1) << result.errors;
    }
}

void expect_close(const std::vector<double>& actual, const std::vector<double>& expected, double tolerance) {
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < actual.size(); i++) {
        EXPECT_LE(std::abs(actual[i] - expected[i]), tolerance * std::abs(expected[i]))
            << actual[i] << " for " << expected[i] << " at position " << i;
    }
}

}  // namespace heed::test
