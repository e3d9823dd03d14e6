// ctest: cuda
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <sstream>

#include "heed/apps/command_line.h"
#include "heed/apps/commands.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/number_words.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/record/metrics_reader.h"

// The three kinds of training from recipe to answers on the emulated device cuda: what the processor gives, to
// rounding. A few steps of models as small as they can be, since every thread of a card is emulated.

namespace heed::cuda_training_test {
namespace {

using test::write_text;

struct Kind {
    const char* name;
    std::vector<const char*> attention;  ///< settings
};

void PrintTo(const Kind& kind, std::ostream* out) {
    *out << kind.name;
}

class CudaTraining : public testing::TestWithParam<Kind> {
protected:
    CudaTraining() {
        test::write_tiny_images(folder_ / "images", {.train = 20, .test = 6, .height = 8, .width = 8, .classes = 3});
        std::string texts = "text\tlabel\n", pairs;
        for (int i = 0; i < 24; ++i) {
            texts += std::string("the ") + (i % 3 ? "film was " : "play that I saw was ") + (i % 2 ? "good" : "bad") +
                     (i % 2 ? "\tyes\n" : "\tno\n");
            pairs += test::english_number(100 + i) + "\t" + test::spanish_number(100 + i) + "\n";
        }
        write_text(folder_ / "texts.tsv", texts);
        write_text(folder_ / "pairs.tsv", pairs);
        write_text(folder_ / "lines.txt", "the film was good\nbad\n");
        write_text(folder_ / "numbers.txt", "one hundred two\n");
        const std::string end =
            "train: {epochs: 1, seed: 3}\n"
            "optimizer: {type: adamw, lr: 1e-2, schedule: constant}\n"
            "threads: 1\n";
        write_text(folder_ / "image.yaml",
                   "model: {type: vit, dim: 8, depth: 1, heads: 2, mlp_dim: 8, patch: 4, dropout: 0.1}\n"
                   "data: {name: idx, root: " +
                       (folder_ / "images") + ", classes: 3, batch: 9}\n" + end);
        write_text(folder_ / "text.yaml",
                   "model: {type: text_classifier, dim: 8, depth: 1, heads: 2, mlp_dim: 8, dropout: 0.1}\n"
                   "tokenizer: {type: word, vocabulary: 100}\n"
                   "data: {name: text_files, train_file: texts.tsv, root: " +
                       folder_.path() + ", text: [text], label: label, length: 9, batch: 10}\n" + end);
        write_text(folder_ / "translation.yaml",
                   "model: {type: translator, dim: 8, encoder_depth: 1, decoder_depth: 1, heads: 2, mlp_dim: 8}\n"
                   "tokenizer: {type: word, vocabulary: 100}\n"
                   "data: {name: parallel_files, pair_files: [pairs.tsv], root: " +
                       folder_.path() + ", tokens: 64, length: 9, validation: 3, test: 3, split_seed: 1}\n" + end);
    }

    std::string path(const std::string& name) const { return folder_ / name; }

    /// What a command prints.
    static std::string run_command(const std::vector<std::string>& arguments) {
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        std::string error;
        try {
            std::visit([](const auto& command) { run(command); }, parse_command_line(arguments));
        } catch (const std::exception& caught) {
            error = caught.what();
        }
        testing::internal::GetCapturedStderr();
        std::string printed = testing::internal::GetCapturedStdout();
        EXPECT_EQ(error, "");
        return printed;
    }

    /// Losses of the steps and of the evaluations of a run.
    std::vector<double> losses(const std::string& run) const {
        std::vector<double> found;
        for (const MetricsRecord& record : read_metrics(path(run + "/metrics.jsonl"))) {
            if (const std::optional<double> loss = record.number("loss")) found.push_back(*loss);
        }
        return found;
    }

    test::TemporaryFolder folder_;
};

/// The same words, and numbers to what is printed of them.
void expect_alike(const std::string& got, const std::string& wanted) {
    std::istringstream got_words(got), wanted_words(wanted);
    std::string a, b;
    while (wanted_words >> b) {
        ASSERT_TRUE(got_words >> a) << got;
        char* end = nullptr;
        const double number = std::strtod(b.c_str(), &end);
        if (end != b.c_str()) {
            EXPECT_NEAR(std::strtod(a.c_str(), nullptr), number, 2e-3 * std::max(1.0, std::abs(number))) << got;
        } else {
            EXPECT_EQ(a, b) << got;
        }
    }
    EXPECT_FALSE(got_words >> a) << got;
}

TEST_P(CudaTraining, IsThatOfTheProcessor) {
    if (!test::cuda_is_tested()) GTEST_SKIP() << "without the emulation of CUDA";
    const std::string kind = GetParam().name;
    const std::string command = kind == "translation" ? "translate" : "predict";
    const std::string asked = kind == "image"  ? "images/t10k-images-idx3-ubyte"
                              : kind == "text" ? "lines.txt"
                                               : "numbers.txt";
    for (const std::string attention : GetParam().attention) {
        SCOPED_TRACE(attention);
        std::vector<double> losses_of[2];
        for (const std::string device : {"cpu", "cuda"}) {
            std::vector<std::string> arguments = {"train", path(kind + ".yaml"), "run.dir=" + path(attention + device),
                                                  "device=" + device};
            std::istringstream settings(attention);
            for (std::string setting; settings >> setting;) arguments.push_back("attention." + setting);
            run_command(arguments);
            losses_of[device == "cuda"] = losses(attention + device);
        }
        ASSERT_GE(losses_of[0].size(), 3u);
        ASSERT_EQ(losses_of[0].size(), losses_of[1].size());
        for (size_t i = 0; i < losses_of[0].size(); ++i) EXPECT_NEAR(losses_of[1][i] / losses_of[0][i], 1, 1e-4) << i;
        const auto answers = [&](const std::string& device) {
            return run_command({command, path(attention + "cpu"), path(asked), "device=" + device});
        };
        expect_alike(answers("cuda"), answers("cpu"));
        run_command({"eval", path(attention + "cuda"), "device=cuda"});
    }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, CudaTraining,
    testing::Values(Kind{"image", {"type=sdpa", "type=super", "type=smyrf cluster=2 rounds=2", "type=local window=2"}},
                    Kind{"text", {"type=super", "type=nystromformer landmarks=2 convolution=3"}},
                    Kind{"translation", {"type=sdpa", "type=smyrf cluster=2 rounds=2 block=4", "type=abc slots=3"}}));

}  // namespace
}  // namespace heed::cuda_training_test
