#include "heed/trainers/images/activation_dump.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/files/safetensors.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::activation_dump_test {
namespace {

using test::contains;
using test::message_of;
using test::TemporaryFolder;

constexpr PatchTransformerShape shape{.dim = 3, .depth = 1, .heads = 2, .rows = 1, .columns = 2, .class_token = false};

Tensor counting(Context& context, const Shape& of, float first) {
    std::vector<float> values(static_cast<size_t>(of.elements()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<float>(i);
    return Tensor::from_host(context, of, std::span<const float>(values));
}

std::vector<float> values_of(const StoredTensor& tensor) {
    std::vector<float> values(tensor.bytes.size() / sizeof(float));
    std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    return values;
}

TEST(DumpContents, AreNamedInAList) {
    const DumpContents all = DumpContents::parse("attention,hidden,logits");
    EXPECT_TRUE(all.attention && all.hidden && all.logits);
    const DumpContents one = DumpContents::parse("hidden");
    EXPECT_TRUE(!one.attention && one.hidden && !one.logits);
    for (const char* wrong : {"", ",", "hidden,", "hiden", "Logits", "hidden logits"}) {
        const std::string message = message_of<UserError>([&] { DumpContents::parse(wrong); });
        EXPECT_TRUE(contains(message, "attention, hidden and logits")) << wrong;
    }
    EXPECT_TRUE(contains(message_of<UserError>([] { DumpContents::parse("attention,hiden"); }),
                         "got \"hiden\" (did you mean hidden?)"));
}

TEST(ActivationDump, PutsGroupsOfImagesBehindEachOther) {
    TemporaryFolder folder;
    Context context;
    ActivationDump dump({.attention = true, .hidden = true, .logits = true}, shape, 4, 3);
    EXPECT_TRUE(dump.wants_attention(AttentionPlace::encoder));
    float first = 0;
    for (const int64_t group : {2, 1}) {
        dump.hidden(0, counting(context, {group, 2, 3}, first));
        dump.attention(AttentionPlace::encoder, 0, counting(context, {group, 2, 2, 2}, first));
        dump.hidden(1, counting(context, {group, 2, 3}, 100 + first));
        dump.logits(counting(context, {group, 4}, first));
        if (group == 2) {
            EXPECT_TRUE(contains(message_of<Error>([&] { dump.write(folder.path() + "/a.safetensors", {}); }),
                                 "logits is not complete"));
        }
        first = 1000;
    }
    const std::string path = folder.path() + "/a.safetensors";
    dump.write(path, {{"images", "[]"}});
    const SafetensorsFile file(path);
    EXPECT_EQ(file.metadata().at("images"), "[]");
    ASSERT_EQ(file.tensors().size(), 4U);
    EXPECT_EQ(file.at("logits").shape, (std::vector<int64_t>{3, 4}));
    EXPECT_EQ(values_of(file.at("logits")), (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 1000, 1001, 1002, 1003}));
    EXPECT_EQ(file.at("hidden.1").shape, (std::vector<int64_t>{3, 2, 3}));
    EXPECT_EQ(values_of(file.at("hidden.1"))[12], 1100.0f);
    EXPECT_EQ(file.at("attention.0").shape, (std::vector<int64_t>{3, 2, 2, 2}));
    EXPECT_EQ(values_of(file.at("attention.0"))[17], 1001.0f);
    EXPECT_THROW(dump.logits(counting(context, {1, 4}, 0)), Error);
    EXPECT_THROW(dump.hidden(0, counting(context, {1, 2, 4}, 0)), Error);
}

TEST(ActivationDump, HoldsNothingElse) {
    TemporaryFolder folder;
    Context context;
    ActivationDump dump({.logits = true}, shape, 2, 1);
    EXPECT_FALSE(dump.wants_attention(AttentionPlace::encoder));
    dump.hidden(0, counting(context, {1, 2, 3}, 0));
    dump.logits(counting(context, {1, 2}, 0));
    dump.write(folder.path() + "/b.safetensors", {});
    EXPECT_EQ(SafetensorsFile(folder.path() + "/b.safetensors").tensors().size(), 1U);
}

TEST(ActivationDump, SaysHowLargeAnAbsurdFileWouldBe) {
    const PatchTransformerShape large{.dim = 768, .depth = 12, .heads = 12, .rows = 128, .columns = 128};
    const std::string message = message_of<UserError>(
        [&] { ActivationDump({.attention = true, .hidden = true, .logits = true}, large, 1000, 10000000); });
    EXPECT_TRUE(contains(message, "at most 4.0 GB"));
    EXPECT_TRUE(contains(message, "10000000 images"));
    EXPECT_TRUE(contains(message, "attention 1546188 TB"));
    EXPECT_TRUE(contains(message, "logits 40 GB"));
    // 2 x (2 x 4) values of attention for each image
    EXPECT_NO_THROW(ActivationDump({.attention = true}, shape, 4, 100, 3200));
    EXPECT_THROW(ActivationDump({.attention = true}, shape, 4, 100, 3199), UserError);
}

}  // namespace
}  // namespace heed::activation_dump_test
