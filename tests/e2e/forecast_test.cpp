#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "heed/datasets/series/calendar.h"
#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::forecast_test {
namespace {

/// Rows of two waves with the hours from 2020-01-01.
std::string waves(int64_t rows) {
    std::string text = "date,slow,fast\n";
    const int64_t begin = *parse_date_time("2020-01-01");
    for (int64_t row = 0; row < rows; ++row) {
        const double angle = 2 * M_PI * static_cast<double>(row);
        text += date_time_text(begin + row * 3600) + "," + std::to_string(20 + 5 * std::sin(angle / 24)) + "," +
                std::to_string(-3 + std::sin(angle / 6) + 0.3 * std::cos(angle / 12)) + "\n";
    }
    return text;
}

/// All tests look at the run "run": it has learnt to go on with both waves.
class Forecast : public testing::Test {
protected:
    static void SetUpTestSuite() {
        tiny_ = new TinyTraining;
        write_text(tiny().folder / "waves.csv", waves(220));
        write_text(tiny().folder / "forecast.yaml",
                   "model: {type: forecaster, dim: 16, encoder_depth: 1, heads: 2, mlp_dim: 32, dropout: 0,\n"
                   "        embedding_dropout: 0}\n"
                   "data: {name: csv_series, file: waves.csv, root: '', window: 12, label: 6, horizon: 8, season: 6,\n"
                   "       batch: 16, validation: 20%, test: 20%}\n"
                   "train: {epochs: 0, steps: 60, eval_every: 0, eval_steps: 30, seed: 3}\n"
                   "optimizer: {type: adamw, lr: 1e-2, schedule: constant, warmup: 0}\n"
                   "threads: 1\n");
        result_ = train("run");
    }
    static void TearDownTestSuite() { delete tiny_; }

    static const TinyTraining& tiny() { return *tiny_; }
    static ProgramResult train(const std::string& dir, const std::vector<std::string>& more = {}) {
        return tiny().train_recipe("forecast.yaml", dir, more);
    }
    static nlohmann::json json_of(const std::vector<std::string>& arguments) {
        const ProgramResult result = tiny().run(arguments);
        EXPECT_EQ(result.code, 0) << result.errors;
        return nlohmann::json::parse(result.output);
    }

    static TinyTraining* tiny_;
    static ProgramResult result_;
};

TinyTraining* Forecast::tiny_ = nullptr;
ProgramResult Forecast::result_;

TEST_F(Forecast, LearnsEvaluatesAndReports) {
    ASSERT_EQ(result_.code, 0) << result_.errors;
    const std::vector<double> losses = tiny().losses("run");
    EXPECT_LT(losses.back(), 0.2 * losses.front());
    const MetricsRecord test = tiny().events("run", "test").front();
    EXPECT_EQ(test.integer("samples"), 44 - 8 + 1);
    EXPECT_LT(*test.number("mse"), *test.number("naive_last_mse"));
    EXPECT_NE(*test.number("mse_real"), *test.number("mse"));
    EXPECT_FALSE(test.number("accuracy").has_value());
    EXPECT_FALSE(tiny().events("run", "step").front().number("accuracy").has_value());
    EXPECT_EQ(tiny().values("run", "validation", "naive_season_mae").size(), 2U);
    EXPECT_TRUE(contains(tiny().file("run/log.txt"), "6 rows before"));
    const std::string page = tiny().file("run/report.html");
    for (const char* part : {"id=\"errors\"", "id=\"forecasts\"", "mean of the window", "rows ahead"}) {
        EXPECT_TRUE(contains(page, part));
    }
    EXPECT_FALSE(contains(page, ">accuracy<"));
    const ProgramResult evaluation = tiny().run({"eval", "run", "--split", "validation"});
    EXPECT_TRUE(contains(evaluation.output, "37 windows of validation")) << evaluation.errors;
    EXPECT_TRUE(contains(evaluation.output, "last value"));
    EXPECT_FALSE(contains(evaluation.output, "accuracy"));
    EXPECT_EQ(json_of({"eval", "run", "--json"}).at("mse"), *test.number("mse"));
    EXPECT_TRUE(contains(tiny().run({"info", "run"}).output, "12 rows to 8, of slow and fast from slow and fast"));
    EXPECT_EQ(tiny().run({"check", "forecast.yaml", "data.columns=[fast]"}).code, 0);
    EXPECT_EQ(tiny().run({"check", "forecast.yaml", "data.name=etth1", "data.file=", "data.validation="}).code, 2);
}

TEST_F(Forecast, GoesOnExactlyWhereItWasStopped) {
    ASSERT_EQ(train("stopped", {"train.steps=41"}).code, 0);
    ASSERT_EQ(tiny().run({"train", "forecast.yaml", "run.dir=stopped", "train.steps=60", "--resume"}).code, 0);
    EXPECT_EQ(tiny().losses("stopped").back(), tiny().losses("run").back());
    ASSERT_EQ(train("changed", {"train.steps=5", "data.file=copy.csv"}).code, 2);
    write_text(tiny().folder / "copy.csv", waves(220));
    ASSERT_EQ(train("changed", {"train.steps=5", "data.file=copy.csv"}).code, 0);
    write_text(tiny().folder / "copy.csv", waves(200));
    expect_error(tiny().run({"train", "changed", "train.steps=6", "--resume"}), 2,
                 "are not those that the training was begun with");
}

TEST_F(Forecast, PredictsTheRowsBehindAFile) {
    write_text(tiny().folder / "known.csv", waves(100));
    const ProgramResult table = tiny().run({"predict", "run", "known.csv"});
    ASSERT_EQ(table.code, 0) << table.errors;
    EXPECT_TRUE(begins_with(table.output, "date,slow,fast\n2020-01-05 04:00:00,"));
    EXPECT_EQ(std::count(table.output.begin(), table.output.end(), '\n'), 9);
    const auto json = json_of({"predict", "run", "known.csv", "--json"});
    ASSERT_EQ(json.at("forecast").size(), 8U);
    EXPECT_EQ(json.at("forecast")[7].at("date"), "2020-01-05 11:00:00");
    for (size_t ahead = 0; ahead < 8; ++ahead) {
        const double angle = 2 * M_PI * static_cast<double>(100 + ahead);
        EXPECT_NEAR(json.at("forecast")[ahead].at("values").at("slow").get<double>(), 20 + 5 * std::sin(angle / 24),
                    2.5);
    }
    // A file of the columns of the model and others, and one of the last rows alone, give the same.
    std::string rows = waves(100), last = "date,other,fast,slow\n";
    for (int64_t line = 0; std::string::size_type end = rows.find('\n'); ++line) {
        if (end == std::string::npos) break;
        const std::string row = rows.substr(0, end);
        rows.erase(0, end + 1);
        const size_t first = row.find(','), second = row.rfind(',');
        if (line > 88) {
            last += row.substr(0, first) + ",7," + row.substr(second + 1) + row.substr(first, second - first) + "\n";
        }
    }
    write_text(tiny().folder / "last.csv", last);
    EXPECT_EQ(tiny().run({"predict", "run", "last.csv"}).output, table.output);
    write_text(tiny().folder / "short.csv", waves(11));
    expect_error(tiny().run({"predict", "run", "short.csv"}), 2, "expected at least the 12 rows that the model reads");
    write_text(tiny().folder / "days.csv", "date,slow,fast\n2020-01-01,1,2\n2020-01-02,1,2\n");
    expect_error(tiny().run({"predict", "run", "days.csv"}), 2, "expected a row every 1 hour");
    expect_error(tiny().run({"predict", "run", "known.csv", "last.csv"}), 2, "--json takes several");
    expect_error(tiny().run({"predict", "run"}), 2, "expects a file with a time series");
    expect_error(tiny().run({"predict", "run", "known.csv", "--top", "2"}), 2, "a forecaster gives values");
    expect_error(tiny().run({"score", "run", "known.csv"}), 2, "is a forecaster, which answers heed predict");
}

TEST_F(Forecast, OneColumnFromSeveralAndAnotherAttention) {
    ASSERT_EQ(train("one", {"data.targets=[fast]", "data.normalise=mean", "train.steps=4",
                            "model.decoder_pattern=causal", "attention.cross.type=super"})
                  .code,
              0);
    EXPECT_TRUE(contains(tiny().run({"info", "one"}).output, "of fast from slow and fast"));
    const ProgramResult tuned = tiny().run({"finetune", "run", "run.dir=tuned", "attention.encoder.type=efficient",
                                            "train.steps=3", "convert.calibration=64"});
    ASSERT_EQ(tuned.code, 0) << tuned.errors;
    EXPECT_TRUE(contains(tuned.errors, "validation right after it"));
    const ProgramResult taught = train("taught", {"distill.weight=0.5", "distill.teacher=run", "train.steps=2"});
    EXPECT_EQ(taught.code, 0) << taught.errors;
}

TEST_F(Forecast, RefusesWhatCannotBe) {
    const auto refused = [&](const std::vector<std::string>& settings, const std::string& part) {
        expect_error(train("refused", settings), 2, part);
    };
    refused({"data.window=140"}, "data.window 140 and data.horizon 8 are longer together than the 132 training rows");
    refused({"data.horizon=45"}, "data.horizon 45: expected a validation part of at least as many rows, got 44");
    refused({"data.targets=[fats]"},
            "data.targets expects columns that are read, which are slow and fast, got \"fats\" "
            "(did you mean fast?)");
    refused({"data.columns=[fats]"}, "expected a column \"fats\", found date, slow and fast (did you mean fast?)");
    refused({"data.date=time"}, "expected a column of dates \"time\"");
    refused({"data.label=13"}, "data.label 13 is more than data.window 12");
    refused({"train.label_smoothing=0.1"}, "train.label_smoothing is for classes");
    refused({"data.file=nothing.csv"}, "nothing.csv");
}

}  // namespace
}  // namespace heed::test::forecast_test
