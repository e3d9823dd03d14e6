#include "heed/core/cpu/isa.h"

#include <gtest/gtest.h>

#include <string>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"

namespace heed {

namespace test_kernels {

struct Kernels {
    int lanes;
};

}  // namespace test_kernels

namespace baseline {
extern const test_kernels::Kernels probe;
const test_kernels::Kernels probe = {4};
}  // namespace baseline
namespace avx2 {
extern const test_kernels::Kernels probe;
const test_kernels::Kernels probe = {8};
}  // namespace avx2
namespace avx512 {
extern const test_kernels::Kernels probe;
const test_kernels::Kernels probe = {16};
}  // namespace avx512

}  // namespace heed

HEED_CHOOSE_ISA(test_kernels::Kernels, probe);

namespace heed::test::isa_test {

namespace {

constexpr Isa all[] = {Isa::baseline, Isa::avx2, Isa::avx512};

TEST(Isa, BaselineIsAlwaysThereAndWiderOnesComeInOrder) {
    EXPECT_TRUE(isa_available(Isa::baseline));
    EXPECT_LE(isa_available(Isa::avx512), isa_available(Isa::avx2));
}

TEST(Isa, WithoutAForcedPathTheWidestIsChosen) {
    for (const char* text : {static_cast<const char*>(nullptr), ""}) {
        const Isa best = isa_from_environment(text);
        EXPECT_TRUE(isa_available(best));
        for (Isa isa : all) EXPECT_FALSE(isa_available(isa) && isa > best);
    }
}

TEST(Isa, AForcedPathIsTakenOrRefused) {
    for (Isa isa : all) {
        if (isa_available(isa)) {
            EXPECT_EQ(isa, isa_from_environment(isa_name(isa)));
        } else {
            const std::string message = message_of<UserError>([&] { isa_from_environment(isa_name(isa)); });
            EXPECT_TRUE(contains(message, "HEED_ISA"));
            EXPECT_TRUE(contains(message, isa_name(isa)));
            EXPECT_THROW(set_active_isa(isa), UserError);
        }
    }
}

TEST(Isa, AnUnknownNameIsRefused) {
    for (const char* name : {"AVX2", "avx", "sse", " avx2", "avx2 "}) {
        const std::string message = message_of<UserError>([&] { isa_from_environment(name); });
        EXPECT_TRUE(contains(message, "'" + std::string(name) + "'"));
        EXPECT_TRUE(contains(message, "baseline, avx2 or avx512"));
    }
}

TEST(Isa, TheChooserFollowsTheActivePath) {
    const Isa before = active_isa();
    for (Isa isa : all) {
        if (!isa_available(isa)) continue;
        set_active_isa(isa);
        EXPECT_EQ(isa, active_isa());
        EXPECT_EQ(isa == Isa::avx512 ? 16 : isa == Isa::avx2 ? 8 : 4, probe_cpu().lanes);
    }
    set_active_isa(before);
}

}  // namespace

}  // namespace heed::test::isa_test
