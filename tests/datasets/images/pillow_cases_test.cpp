#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "heed/datasets/images/formats/image_file.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/temporary_folder.h"

namespace heed::pillow_cases_test {
namespace {

std::vector<uint8_t> bytes_of_hex(const std::string& text) {
    std::vector<uint8_t> bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        bytes.push_back(static_cast<uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

/// The pixels of pillow_cases.json, which make_pillow_cases.py writes.
class PillowCases : public testing::Test {
protected:
    void SetUp() override {
        const char* source = std::getenv("HEED_SOURCE_DIR");
        ASSERT_NE(source, nullptr);
        std::ifstream file(std::string(source) + "/tests/datasets/images/pillow_cases.json");
        cases_ = nlohmann::json::parse(file);
        ASSERT_GT(cases_.size(), 100U);
    }

    /// Largest difference between the pixels read and those expected, [H, W, C] interleaved.
    int difference(const nlohmann::json& one, int64_t channels, const std::string& expected) {
        const std::string file = folder_ / "image";
        test::write_bytes(file, bytes_of_hex(one.at("file")));
        const ImageShape shape{channels, one.at("height"), one.at("width")};
        std::vector<uint8_t> planes(static_cast<std::size_t>(shape.pixels()), 77);
        read_image_file(file, shape, nullptr, planes);
        const std::vector<uint8_t> wanted = bytes_of_hex(expected);
        EXPECT_EQ(wanted.size(), planes.size());
        int largest = 0;
        const int64_t plane = shape.height * shape.width;
        for (int64_t i = 0; i < plane; ++i) {
            for (int64_t c = 0; c < channels; ++c) {
                largest = std::max(largest, std::abs(planes[static_cast<std::size_t>(c * plane + i)] -
                                                     wanted[static_cast<std::size_t>(i * channels + c)]));
            }
        }
        return largest;
    }

    test::TemporaryFolder folder_;
    nlohmann::json cases_;
};

TEST_F(PillowCases, ComeOutAsPillowReadsThem) {
    for (const nlohmann::json& one : cases_) {
        SCOPED_TRACE(one.at("name").get<std::string>() + " by " + one.at("by").get<std::string>());
        EXPECT_LE(difference(one, 3, one.at("colours")), one.at("tolerance").get<int>());
        EXPECT_LE(difference(one, 1, one.at("grey")), one.at("tolerance").get<int>());
    }
}

}  // namespace
}  // namespace heed::pillow_cases_test
