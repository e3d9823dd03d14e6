#include "heed/trainers/record/event_file.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::event_file_test {
namespace {

using test::message_of;
using test::read_text;
using test::write_text;

uint32_t crc_of(const std::vector<unsigned char>& bytes) {
    return crc32c(bytes);
}

std::string text_of(const std::vector<unsigned char>& bytes, const std::string& text) {
    std::string all(bytes.begin(), bytes.end());
    all.append(text);
    return all;
}

/// The vectors of RFC 3720, B.4, and the usual check value.
TEST(Crc32c, KnownValues) {
    std::vector<unsigned char> rising(32), falling(32);
    for (unsigned char i = 0; i < 32; ++i) {
        rising[i] = i;
        falling[i] = static_cast<unsigned char>(31 - i);
    }
    EXPECT_EQ(crc_of({}), 0u);
    EXPECT_EQ(crc_of({'1', '2', '3', '4', '5', '6', '7', '8', '9'}), 0xe3069283u);
    EXPECT_EQ(crc_of(std::vector<unsigned char>(32, 0)), 0x8a9136aau);
    EXPECT_EQ(crc_of(std::vector<unsigned char>(32, 255)), 0x62a8ab43u);
    EXPECT_EQ(crc_of(rising), 0x46dd794eu);
    EXPECT_EQ(crc_of(falling), 0x113fdb5cu);
}

struct Events : testing::Test {
    test::TemporaryFolder folder;
    std::string path = folder / "events.out.tfevents.heed";

    /// The messages of the file's records.
    std::vector<std::string> messages() const {
        const std::string text = read_text(path);
        std::vector<std::string> found;
        for (size_t at = 0; at < text.size();) {
            uint64_t length = 0;
            std::memcpy(&length, text.data() + at, 8);
            found.push_back(text.substr(at + 12, length));
            at += 12 + length + 4;
        }
        return found;
    }
};

TEST_F(Events, BytesAreThoseOfTheFormat) {
    EventFile(path, 0).scalar("loss", 300, 0.5);
    const std::vector<std::string> found = messages();
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].substr(9), text_of({0x10, 0, 0x1a, 13}, "brain.Event:2"));
    const std::string value = text_of({0x0a, 4}, "loss") + text_of({0x15, 0, 0, 0, 0x3f}, "");
    EXPECT_EQ(found[1].substr(9), text_of({0x10, 0xac, 0x02, 0x2a, 13, 0x0a, 11}, value));
    EXPECT_EQ(found[1][0], '\x09');
    double time = 0;
    std::memcpy(&time, found[1].data() + 1, 8);
    EXPECT_GT(time, 1.7e9);
    // The mask: crc rotated right by 15 bits plus 0xa282ead8, here of the length.
    const std::string text = read_text(path);
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    uint32_t stored = 0;
    std::memcpy(&stored, bytes + 8, 4);
    EXPECT_EQ(stored, std::rotr(crc32c({bytes, 8}), 15) + 0xa282ead8u);
}

TEST_F(Events, AResumeCutsTheFile) {
    {
        EventFile events(path, 0);
        for (int64_t step = 1; step <= 5; ++step) events.scalar("loss", step, 1.0);
    }
    const std::string whole = read_text(path);
    EventFile(path, 3).scalar("loss", 4, 2.0);
    EXPECT_EQ(messages().size(), 5u);
    write_text(path, whole.substr(0, whole.size() - 3));  // killed while it wrote
    EventFile(path, 9).scalar("loss", 5, 2.0);
    EXPECT_EQ(messages().size(), 6u);
    std::string damaged = whole;
    damaged[whole.size() - 10] ^= 1;
    write_text(path, damaged);
    { EventFile events(path, 9); }
    EXPECT_EQ(messages().size(), 5u);
    write_text(path, "something else that is long enough to be read");
    { EventFile events(path, 9); }
    EXPECT_EQ(messages().size(), 1u);
    { EventFile events(path, 0); }
    EXPECT_EQ(messages().size(), 1u);
}

TEST_F(Events, APlaceThatCannotBeWrittenTo) {
    EXPECT_TRUE(test::contains(message_of<UserError>([&] { EventFile events(folder / "none/events", 0); }),
                               "cannot write " + (folder / "none/events")));
}

TEST_F(Events, TensorBoardReadsThem) {
    if (std::system("python3 -c 'import tensorboard' 2>/dev/null") != 0) {
        GTEST_SKIP() << "the Python package tensorboard is not installed";
    }
    {
        EventFile events(path, 0);
        for (int64_t step = 1; step <= 300; ++step) events.scalar("train/loss", step, 1.0 / static_cast<double>(step));
        events.scalar("validation/accuracy", 300, 0.75);
    }
    write_text(folder / "read.py",
               "import sys\n"
               "from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n"
               "events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0})\n"
               "events.Reload()\n"
               "loss = events.Scalars('train/loss')\n"
               "assert [e.step for e in loss] == list(range(1, 301))\n"
               "assert all(abs(e.value * e.step - 1) < 1e-6 for e in loss)\n"
               "assert [e.value for e in events.Scalars('validation/accuracy')] == [0.75]\n"
               "assert loss[0].wall_time > 1.7e9\n");
    const std::string command =
        "python3 '" + (folder / "read.py") + "' '" + folder.path() + "' 2>'" + (folder / "errors") + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << read_text(folder / "errors");
}

}  // namespace
}  // namespace heed::event_file_test
