#include "heed/trainers/cab/compositional_index.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>

#include "heed/core/error.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/cab/pattern_correlation.h"
#include "heed/trainers/cab/values_file.h"

namespace heed::test::compositional_index_test {
namespace {

/// Sums of rounded values: how far a published index may be from one computed of the published raw values.
constexpr double published_bound = 0.03;

Benchmark published() {
    return read_values(std::string(std::getenv("HEED_SOURCE_DIR")) + "/cab/published.csv", "vanilla");
}

const std::map<AttentionPattern, std::map<std::string, double>> published_indices = {
    {AttentionPattern::noncausal_self,
     {{"local", 0.978},
      {"cosFormer", 0.466},
      {"LongShort", 0.269},
      {"vanilla", -0.024},
      {"LARA", -0.032},
      {"Performer", -0.285},
      {"Nystromformer", -0.440},
      {"ProbSparse", -0.661},
      {"ABC", -0.686},
      {"FlashAttention", -1.389}}},
    {AttentionPattern::causal_self,
     {{"S4D", 0.985}, {"LongShort", 0.617}, {"FlashAttention", 0.426}, {"local", -0.239}, {"ABC", -0.623}}},
    {AttentionPattern::noncausal_cross,
     {{"vanilla", 0.596}, {"ABC", 0.204}, {"Performer", 0.014}, {"cosFormer", -0.815}}},
    {AttentionPattern::causal_cross, {{"vanilla", 0.956}, {"ABC", 0.058}, {"Performer", -1.014}}}};

void expect_published(const std::vector<Leaderboard>& boards) {
    ASSERT_EQ(boards.size(), published_indices.size());
    for (const Leaderboard& board : boards) {
        const std::map<std::string, double>& wanted = published_indices.at(board.pattern);
        int64_t ranked = 0;
        for (const PatternIndex& each : board.types) {
            if (!each.index) continue;
            ++ranked;
            EXPECT_EQ(each.rank, ranked) << each.type;
            ASSERT_TRUE(wanted.contains(each.type)) << each.type;
            EXPECT_NEAR(*each.index, wanted.at(each.type), published_bound) << each.type;
        }
        EXPECT_EQ(ranked, std::ssize(wanted)) << attention_pattern_name(board.pattern);
    }
}

TEST(CompositionalIndex, PublishedTablesGiveThePublishedLeaderboard) {
    const Benchmark benchmark = published();
    const std::vector<Leaderboard> boards = leaderboards(benchmark, own_cohorts(benchmark));
    expect_published(boards);
    const PatternIndex& vanilla = boards[1].of("vanilla");
    EXPECT_FALSE(vanilla.index.has_value());
    EXPECT_NEAR(*vanilla.tasks[0], -0.047, published_bound);
    EXPECT_NEAR(*vanilla.tasks[1], 0.784, published_bound);
    EXPECT_TRUE(contains(vanilla.reason, "language_model"));
    EXPECT_FALSE(boards[1].of("ABC").delta.has_value()) << "the baseline has no index there";
    EXPECT_NEAR(*boards[0].of("local").delta, 0.978 + 0.024, published_bound);
    const PatternIndex& s4d = boards[0].of("S4D");
    EXPECT_FALSE(s4d.index.has_value());
    EXPECT_TRUE(contains(s4d.reason, "no value of summarisation"));
}

/// The constants of the authors' script (mean and deviation of each metric), with the size of their cohorts.
TEST(CompositionalIndex, ConstantsOfAnEarlierCohortGiveThePublishedLeaderboard) {
    struct Constants {
        std::vector<double> mean, deviation;
        int64_t count;
    };
    const std::map<AttentionPattern, std::vector<Constants>> constants = {
        {AttentionPattern::noncausal_self,
         {{{3.4245, 1.97429, 4.06947, 2.19021}, {0.06832, 0.0361768, 0.09422, 0.03866}, 10},
          {{34.88667, 6.79333, 31.96889}, {1.39697, 1.41078, 1.31499}, 9},
          {{23.208, 0.6758}, {0.27499, 0.01557}, 10},
          {{36.292}, {62.30827}, 10}}},
        {AttentionPattern::causal_self,
         {{{4.08325, 2.20085}, {0.04529, 0.01372}, 4},
          {{32.9575, 6.0925, 30.2575}, {1.92754, 0.41007, 1.61951}, 4},
          {{22.26}, {8.29944}, 3}}},
        {AttentionPattern::noncausal_cross,
         {{{7.7025, 0.24775, 0.7625}, {0.64789, 0.03366, 0.03906}, 4},
          {{1.18933, 0.80625, 0.47575, 0.511, 0.62025, 0.58075},
           {0.05615, 0.02193, 0.01057, 0.00601, 0.18948, 0.10312},
           4}}},
        {AttentionPattern::causal_cross,
         {{{5.5037, 2.6278}, {1.29239, 0.42726}, 3}, {{31.35, 5.26, 28.8}, {3.77103, 1.26028, 3.28638}, 3}}}};
    const Benchmark benchmark = published();
    const Cohorts own = own_cohorts(benchmark);
    Cohorts frozen;
    std::map<AttentionPattern, size_t> next;
    for (size_t task = 0; task < benchmark.tasks.size(); ++task) {
        const AttentionPattern pattern = benchmark.tasks[task].pattern;
        const Constants& of_task = constants.at(pattern).at(next[pattern]++);
        ASSERT_EQ(of_task.mean.size(), own[task].size());
        frozen.emplace_back();
        for (size_t metric = 0; metric < of_task.mean.size(); ++metric) {
            frozen.back().push_back({of_task.mean[metric], of_task.deviation[metric], of_task.count, {}, ""});
            // The constants were computed of values with more digits than those published.
            EXPECT_NEAR(own[task][metric].mean, of_task.mean[metric], 0.05 * of_task.deviation[metric])
                << benchmark.tasks[task].name;
            EXPECT_CLOSE(own[task][metric].deviation, of_task.deviation[metric], 0.05);
            EXPECT_EQ(own[task][metric].count, of_task.count);
        }
    }
    expect_published(leaderboards(benchmark, frozen));
}

TEST(CompositionalIndex, PublishedCorrelationsOfPatterns) {
    Benchmark benchmark = published();
    const size_t flash = benchmark.find_type("FlashAttention");
    for (auto& cells : benchmark.cells) cells[flash].seeds.clear();
    const auto found = pattern_correlations(leaderboards(benchmark, own_cohorts(benchmark)));
    ASSERT_EQ(found.size(), 6u);
    const double wanted[] = {0.382, -0.625, 0.344, 0, 0, 0.969};  // NS-CS, NS-NC, NS-CC, CS-NC, CS-CC, NC-CC
    const size_t points[] = {3, 4, 3, 1, 1, 3};
    for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].types.size(), points[i]) << i;
        EXPECT_EQ(found[i].pearson.has_value(), points[i] >= 3) << i;
        EXPECT_EQ(found[i].interval.has_value(), points[i] >= 4) << i;
        EXPECT_NEAR(found[i].pearson.value_or(0.0), wanted[i], published_bound) << i;
    }
    EXPECT_GT(found[1].interval->high, 0.8) << "four points tell next to nothing";
    EXPECT_LT(found[1].interval->low, -0.9);
}

Benchmark three_types() {
    Benchmark benchmark({{"reading", AttentionPattern::noncausal_self, {{"accuracy", false}, {"loss", true}}},
                         {"seeing", AttentionPattern::noncausal_self, {{"accuracy", false}}}},
                        {"sdpa", "near", "none"}, "sdpa");
    benchmark.cells[0][0].seeds = {{1, {0.8, 1.0}}, {2, {0.9, 0.8}}};
    benchmark.cells[0][1].seeds = {{1, {0.7, 1.2}}, {2, {0.7, 1.4}}};
    benchmark.cells[0][2].seeds = {{1, {0.4, 2.0}}, {2, {0.5, 2.4}}};
    benchmark.cells[1][0].seeds = {{1, {0.5}}, {2, {0.6}}};
    benchmark.cells[1][1].seeds = {{1, {0.9}}, {2, {0.7}}};
    benchmark.cells[1][2].seeds = {{1, {0.2}}, {2, {0.3}}};
    return benchmark;
}

TEST(CompositionalIndex, SeedsAreScoredByTheCohortOfMeans) {
    const Benchmark benchmark = three_types();
    const Cohorts cohorts = own_cohorts(benchmark);
    EXPECT_EQ(cohorts[0][0].count, 3);
    EXPECT_CLOSE(cohorts[0][0].mean, 2.0 / 3.0, 1e-12);  // of 0.85, 0.7, 0.45
    EXPECT_CLOSE(cohorts[0][0].deviation, std::sqrt((0.85 * 0.85 + 0.7 * 0.7 + 0.45 * 0.45 - 4.0 / 3.0) / 2.0), 1e-12);
    const Leaderboard board = leaderboards(benchmark, cohorts).at(0);
    ASSERT_EQ(board.types[0].type, "near");
    for (const PatternIndex& each : board.types) {
        EXPECT_NEAR(each.seeds.mean, *each.index, 1e-12) << "one scale for all seeds";
        EXPECT_GT(each.seeds.deviation, 0.0);
        ASSERT_TRUE(each.interval.has_value());
        EXPECT_LT(each.interval->low, *each.index);
        EXPECT_EQ(each.tasks.size(), 2u);
    }
    const PatternIndex& sdpa = board.of("sdpa");
    EXPECT_EQ(*sdpa.delta, 0.0);
    EXPECT_FALSE(sdpa.delta_interval.has_value());
    EXPECT_EQ(sdpa.rank, 2);
    EXPECT_EQ(sdpa.best_rank, 1) << "by the second seed";
    EXPECT_EQ(sdpa.worst_rank, 2);
    EXPECT_EQ(board.of("none").best_rank, 3);
    EXPECT_TRUE(board.of("none").delta_interval.has_value());
    double sum = 0.0;
    for (const PatternIndex& each : board.types) sum += *each.index;
    EXPECT_NEAR(sum, 0.0, 1e-12);
}

TEST(CompositionalIndex, FewerThanThreeTypesOrEqualValuesAreNotScored) {
    Benchmark benchmark = three_types();
    benchmark.cells[1][2].seeds.clear();
    Leaderboard board = leaderboards(benchmark, own_cohorts(benchmark)).at(0);
    EXPECT_TRUE(contains(board.reason, "seeing has values of 2 types, an index needs 3"));
    for (const PatternIndex& each : board.types) EXPECT_FALSE(each.index.has_value());
    EXPECT_TRUE(board.of("near").tasks[0].has_value());
    EXPECT_FALSE(board.of("near").tasks[1].has_value());
    EXPECT_EQ(board.of("near").reason, board.reason);
    EXPECT_EQ(board.of("none").reason, "no value of seeing");

    benchmark = three_types();
    for (BenchmarkCell& cell : benchmark.cells[1]) cell.seeds = {{1, {0.5}}};
    board = leaderboards(benchmark, own_cohorts(benchmark)).at(0);
    EXPECT_TRUE(contains(board.reason, "accuracy of seeing is the same for all types"));
}

TEST(CompositionalIndex, ValuesAndCohortsComeBackFromTheirFiles) {
    const TemporaryFolder folder;
    const std::string values = folder / "values.csv", scales = folder / "cohorts.csv";
    Benchmark benchmark = three_types();
    benchmark.cells[1][1] = {.seeds = {}, .reason = "it cannot, \"see\"", .in_cohort = true};
    benchmark.cells[0][2].in_cohort = false;
    write_text(values, values_csv(benchmark));
    const Benchmark again = read_values(values, "sdpa");
    EXPECT_EQ(values_csv(again), values_csv(benchmark));
    EXPECT_EQ(again.cells[1][1].reason, benchmark.cells[1][1].reason);

    const Benchmark whole = three_types();
    write_text(scales, cohorts_csv(whole, own_cohorts(whole)));
    const Cohorts read = read_cohorts(scales, whole);
    EXPECT_EQ(cohorts_csv(whole, read), cohorts_csv(whole, own_cohorts(whole)));
    EXPECT_EQ(read[1][0].members, (std::vector<std::string>{"sdpa", "near", "none"}));

    // A metric that could not be scored cannot be scored by the file either.
    Benchmark few = three_types();
    few.cells[1][2].seeds.clear();
    write_text(scales, cohorts_csv(few, own_cohorts(few)));
    const Cohorts without = read_cohorts(scales, few);
    EXPECT_EQ(without[0][0].reason, "");
    EXPECT_TRUE(contains(without[1][0].reason, "cohorts.csv has no scale for accuracy of seeing"));
    EXPECT_TRUE(contains(leaderboards(few, without).at(0).reason, "has no scale for accuracy of seeing"));
}

std::string refusal(const std::string& rows, const std::string& header = "pattern,task,metric,better,type,seed,value") {
    const TemporaryFolder folder;
    const std::string file = folder / "v.csv";
    write_text(file, header + "\n" + rows);
    return message_of<UserError>([&] { read_values(file, "sdpa"); });
}

TEST(CompositionalIndex, DamagedFilesAreRefusedWithTheirLine) {
    const std::string good = "causal_self,lm,loss,lower,sdpa,1,2.5\n";
    EXPECT_TRUE(contains(refusal(""), "found none"));
    EXPECT_TRUE(contains(refusal(good, "pattern,task,metric,beter,type,seed,value"), "did you mean better?"));
    EXPECT_TRUE(contains(refusal(good, "pattern,task,metric,better,type,seed,seed"), "twice"));
    EXPECT_TRUE(contains(refusal("", "pattern,task"), "metric is missing"));
    EXPECT_TRUE(contains(refusal(good + "causal,lm,loss,lower,super,1,2.5\n"), "line 3: pattern expects"));
    EXPECT_TRUE(contains(refusal(good + "causal_self,lm,loss,less,super,1,2.5\n"), "better expects lower or higher"));
    EXPECT_TRUE(contains(refusal(good + "causal_self,lm,loss,higher,super,1,2.5\n"), "better differs"));
    EXPECT_TRUE(contains(refusal(good + "causal_self,lm,loss,lower,super,1,nan\n"), "value expects a number"));
    EXPECT_TRUE(contains(refusal(good + good), "in an earlier line"));
    EXPECT_TRUE(contains(refusal(good + "causal_self,lm,loss,lower,super\n"), "expected 7 fields, got 5"));
    EXPECT_TRUE(contains(refusal(good + "causal_self,lm,bits,lower,super,1,2\n"), "has no "));
    EXPECT_TRUE(contains(refusal("causal_self,lm,loss,lower,super,1,2.5\n"), "the baseline \"sdpa\" is none"));
}

}  // namespace
}  // namespace heed::test::compositional_index_test
