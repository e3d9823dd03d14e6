// ctest: slow
// ctest: processors 2
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <sstream>

#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/number_words.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::numbers_test {
namespace {

/// Draws numbers below a million, every second one with about half its digits 0, so that short and round ones are among
/// them.
class NumberDraw {
public:
    int64_t operator()() {
        const bool round = random_() % 2 == 0;
        int64_t number = 0;
        for (int digit = 0; digit < 6; ++digit) {
            const auto value = static_cast<int64_t>(random_() % 10);
            number = 10 * number + (round && random_() % 2 == 0 ? 0 : value);
        }
        return number;
    }

private:
    std::mt19937 random_{1};
};

/// A language pair that can be learnt without error, but not by heart: 20,000 of a million numbers are seen.
TEST(Numbers, ATranslatorWritesThoseItHasNeverSeenInSpanish) {
    constexpr size_t seen_numbers = 20000, unseen_numbers = 2000;
    NumberDraw draw;
    std::set<int64_t> seen, unseen;
    for (int64_t number = 0; number < 100; ++number) seen.insert(number);
    while (seen.size() < seen_numbers) seen.insert(draw());
    while (unseen.size() < unseen_numbers) {
        const int64_t number = draw();
        if (!seen.contains(number)) unseen.insert(number);
    }
    const TinyTraining tiny;
    std::string pairs, sources;
    for (const int64_t number : seen) pairs += english_number(number) + "\t" + spanish_number(number) + "\n";
    for (const int64_t number : unseen) sources += english_number(number) + "\n";
    write_text(tiny.folder / "pairs.tsv", pairs);
    write_text(tiny.folder / "sources.txt", sources);
    write_text(tiny.folder / "numbers.yaml",
               "model: {type: translator, dim: 64, encoder_depth: 1, decoder_depth: 1, heads: 4, mlp_dim: 128,\n"
               "        dropout: 0}\n"
               "data: {name: parallel_files, pair_files: [pairs.tsv], root: '', tokens: 1024, length: 16,\n"
               "       validation: 50, test: 50}\n"
               "tokenizer: {type: word, vocabulary: 100}\n"
               "decoding: {beam: 1}\n"
               "train: {epochs: 8, seed: 1}\n"
               "optimizer: {type: adamw, lr: 3e-3, schedule: cosine, warmup: 5%}\n"
               "threads: 2\n");
    const ProgramResult training = tiny.run({"train", "numbers.yaml", "run.dir=run"});
    ASSERT_EQ(training.code, 0) << training.errors;
    const ProgramResult translations = tiny.run({"translate", "run", "sources.txt"});
    ASSERT_EQ(translations.code, 0) << translations.errors;
    std::istringstream lines(translations.output);
    size_t right = 0;
    std::string line, wrong;
    for (const int64_t number : unseen) {
        ASSERT_TRUE(std::getline(lines, line));
        if (line == spanish_number(number)) {
            ++right;
        } else if (wrong.size() < 1000) {
            wrong += "\n" + english_number(number) + ": " + line;
        }
    }
    EXPECT_GE(right, unseen_numbers * 99 / 100) << "such as" << wrong;
}

}  // namespace
}  // namespace heed::test::numbers_test
