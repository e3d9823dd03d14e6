#include "heed/datasets/images/formats/idx.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <sstream>
#include <string>

#include "heed/core/error.h"
#include "heed/datasets/images/formats/idx_images.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"

namespace heed::idx_test {
namespace {

using test::Bytes;
using test::gzip_bytes;
using test::idx_bytes;
using test::message_of;

const Bytes twelve = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 250, 255};

IdxArray parse(const Bytes& bytes, int64_t dimensions) {
    ByteReader reader(std::make_unique<std::istringstream>(std::string(bytes.begin(), bytes.end())), bytes.size(), "f");
    return read_idx(reader, dimensions);
}

std::string refusal(const Bytes& bytes, int64_t dimensions) {
    return message_of<UserError>([&] { parse(bytes, dimensions); });
}

TEST(Idx, ReadsPlainFile) {
    const IdxArray array = parse(idx_bytes({3, 2, 2}, twelve), 3);
    EXPECT_EQ(array.shape, (std::vector<int64_t>{3, 2, 2}));
    EXPECT_EQ(array.values, twelve);
}

TEST(Idx, GzipIsToldByItsContentAndGivesTheSame) {
    test::TemporaryFolder folder;
    const Bytes plain = idx_bytes({3, 2, 2}, twelve);
    test::write_bytes(folder / "plain.gz", plain);
    test::write_bytes(folder / "packed", gzip_bytes(plain));
    EXPECT_EQ(read_idx(folder / "plain.gz", 3).values, twelve);
    const IdxArray packed = read_idx(folder / "packed", 3);
    EXPECT_EQ(packed.values, twelve);
    EXPECT_EQ(packed.shape, (std::vector<int64_t>{3, 2, 2}));
}

TEST(Idx, ReadsFilesBeyondEveryBuffer) {
    Bytes values(3'000'001);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<uint8_t>((i * i) >> 7);
    }
    const Bytes plain = idx_bytes({3'000'001}, values);
    EXPECT_EQ(parse(plain, 1).values, values);
    EXPECT_EQ(parse(gzip_bytes(plain), 1).values, values);
}

TEST(Idx, ReadsGzipOfSeveralMembers) {
    const Bytes plain = idx_bytes({12}, twelve);
    Bytes packed = gzip_bytes(Bytes(plain.begin(), plain.begin() + 10));
    const Bytes rest = gzip_bytes(Bytes(plain.begin() + 10, plain.end()));
    packed.insert(packed.end(), rest.begin(), rest.end());
    EXPECT_EQ(parse(packed, 1).values, twelve);
}

TEST(Idx, RefusesWhatIsNoIdxFile) {
    EXPECT_EQ(refusal({}, 1),
              "expected an idx file in 'f', found the end of the data in the first four bytes, after 0 bytes");
    EXPECT_EQ(refusal({'P', 'K', 3, 4, 0, 0}, 3),
              "expected an idx file in 'f', which begins with the bytes 00 00 08 03, found 50 4b 03 04");
    Bytes floats = idx_bytes({12}, twelve);
    floats[2] = 0x0d;
    EXPECT_EQ(refusal(floats, 1), "expected an idx file of unsigned bytes in 'f', found one of 32-bit floats");
    EXPECT_EQ(refusal(idx_bytes({12}, twelve), 3), "expected an idx file with 3 dimensions in 'f', found 1");
    EXPECT_EQ(refusal(idx_bytes({3, 2, 2}, twelve), 1), "expected an idx file with 1 dimension in 'f', found 3");
}

TEST(Idx, RefusesEmptyShapes) {
    EXPECT_EQ(refusal(idx_bytes({0, 28, 28}, {}), 3),
              "expected at least one value in the idx file 'f', found the shape 0x28x28");
    EXPECT_EQ(refusal(idx_bytes({3, 0, 28}, {}), 3),
              "expected at least one value in the idx file 'f', found the shape 3x0x28");
}

TEST(Idx, RefusesTruncatedHeader) {
    const Bytes whole = idx_bytes({3, 2, 2}, twelve);
    EXPECT_EQ(refusal(Bytes(whole.begin(), whole.begin() + 3), 3),
              "expected an idx file in 'f', found the end of the data in the first four bytes, after 3 bytes");
    EXPECT_EQ(refusal(Bytes(whole.begin(), whole.begin() + 10), 3),
              "expected an idx file in 'f', found the end of the data in the size of dimension 2, after 10 bytes");
}

TEST(Idx, RefusesTruncatedAndTrailingData) {
    Bytes bytes = idx_bytes({3, 2, 2}, twelve);
    bytes.pop_back();
    EXPECT_EQ(refusal(bytes, 3),
              "expected 12 bytes of data in 'f' (shape 3x2x2), found a file that holds only 11 bytes of it");
    EXPECT_EQ(refusal(gzip_bytes(bytes), 3), "expected 12 bytes of data in 'f' (shape 3x2x2), found only 11");
    bytes.push_back(0);
    bytes.push_back(0);
    const std::string more = "expected the data of 'f' to end after 28 bytes (shape 3x2x2), found more";
    EXPECT_EQ(refusal(bytes, 3), more);
    EXPECT_EQ(refusal(gzip_bytes(bytes), 3), more);
}

TEST(Idx, RefusesForgedSizesWithoutTakingMemory) {
    const std::vector<uint32_t> huge = {0xffffffffU, 0xffffffffU, 0xffffffffU};
    const std::string expected =
        "expected more than 2^64 bytes of data in 'f' (shape 4294967295x4294967295x4294967295), ";
    EXPECT_EQ(refusal(idx_bytes(huge, twelve), 3), expected + "found a file that holds only 12 bytes of it");
    EXPECT_EQ(refusal(gzip_bytes(idx_bytes(huge, twelve)), 3).substr(0, expected.size()), expected);
    EXPECT_EQ(
        refusal(idx_bytes({0x7fffffffU, 28, 28}, twelve), 3),
        "expected 1683627179248 bytes of data in 'f' (shape 2147483647x28x28), found a file that holds only 12 bytes "
        "of it");
}

TEST(Idx, RefusesDamagedGzip) {
    const Bytes packed = gzip_bytes(idx_bytes({3, 2, 2}, twelve));
    Bytes cut(packed.begin(), packed.end() - 1);
    EXPECT_EQ(refusal(cut, 3),
              "expected intact gzip data in 'f', found damage after 28 unpacked bytes: the compressed "
              "data ends early");
    Bytes wrong_sum = packed;
    wrong_sum[packed.size() - 8] ^= 1;
    EXPECT_EQ(refusal(wrong_sum, 3),
              "expected intact gzip data in 'f', found damage after 28 unpacked bytes: incorrect data check");
    Bytes trailing = packed;
    trailing.insert(trailing.end(), {'j', 'u', 'n', 'k'});
    EXPECT_EQ(refusal(trailing, 3),
              "expected intact gzip data in 'f', found damage after 28 unpacked bytes: incorrect header check");
}

TEST(Idx, EveryCutAndEveryChangedByteIsReadOrRefused) {
    const Bytes plain = idx_bytes({3, 2, 2}, twelve);
    for (const Bytes& good : {plain, gzip_bytes(plain)}) {
        for (std::size_t size = 0; size < good.size(); ++size) {
            EXPECT_THROW(parse(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)), 3), UserError);
        }
        std::mt19937 random(1);
        for (int round = 0; round < 3000; ++round) {
            Bytes bad = good;
            for (uint32_t changes = 1 + random() % 4; changes > 0; --changes) {
                bad[random() % bad.size()] = static_cast<uint8_t>(random());
            }
            try {
                const IdxArray array = parse(bad, 3);
                EXPECT_EQ(array.values.size(), 12U);
            } catch (const UserError&) {
            }
        }
    }
}

TEST(Idx, RefusesPathsThatAreNoFiles) {
    test::TemporaryFolder folder;
    EXPECT_EQ(message_of<UserError>([&] { read_idx(folder / "missing", 1); }),
              "expected a data file at '" + folder / "missing" + "', found none");
    EXPECT_EQ(message_of<UserError>([&] { read_idx(folder.path(), 1); }),
              "expected a data file at '" + folder.path() + "', found something that is not a regular file");
}

class IdxImages : public testing::Test {
protected:
    std::string refusal(const Bytes& images, const Bytes& labels) {
        test::write_bytes(images_, images);
        test::write_bytes(labels_, labels);
        return message_of<UserError>([&] { open_idx_images(images_, labels_, {"a", "b", "c"}); });
    }

    test::TemporaryFolder folder_;
    std::string images_ = folder_ / "images";
    std::string labels_ = folder_ / "labels";
};

TEST_F(IdxImages, GivesImagesAndLabels) {
    test::write_bytes(images_, idx_bytes({2, 2, 3}, twelve));
    test::write_bytes(labels_, gzip_bytes(idx_bytes({2}, {2, 0})));
    const auto source = open_idx_images(images_, labels_, {"a", "b", "c"});
    EXPECT_EQ(source->size(), 2);
    EXPECT_EQ(source->shape(), (ImageShape{1, 2, 3}));
    EXPECT_EQ(source->classes(), 3);
    EXPECT_EQ(source->label(0), 2);
    EXPECT_EQ(source->label(1), 0);
    Bytes pixels(6);
    source->read_image(1, pixels);
    EXPECT_EQ(pixels, (Bytes{6, 7, 8, 9, 250, 255}));
}

TEST_F(IdxImages, RefusesUnknownLabels) {
    EXPECT_EQ(refusal(idx_bytes({2, 2, 3}, twelve), idx_bytes({2}, {2, 3})),
              "expected labels from 0 to 2 in '" + labels_ + "', found 3 at record 1");
}

TEST_F(IdxImages, RefusesDifferentCounts) {
    EXPECT_EQ(refusal(idx_bytes({2, 2, 3}, twelve), idx_bytes({3}, {2, 1, 0})),
              "expected one label for each of the 2 images of '" + images_ + "', found 3 labels in '" + labels_ + "'");
}

TEST_F(IdxImages, RefusesExchangedFiles) {
    EXPECT_EQ(refusal(idx_bytes({2}, {2, 1}), idx_bytes({2, 2, 3}, twelve)),
              "expected an idx file with 1 dimension in '" + labels_ + "', found 3");
}

}  // namespace
}  // namespace heed::idx_test
