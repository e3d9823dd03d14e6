#include "heed/trainers/report/charts/label_places.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace heed::test::label_places_test {
namespace {

constexpr PictureBox area = {56.0, 0.0, 480.0, 310.0};
constexpr double radius = 5.0, height = 17.0;

PictureBox box_of(const NamedMark& mark, const LabelPlace& place) {
    const double left = place.on_the_left ? place.x - mark.width : place.x;
    return {left, place.y - 0.5 * height, left + mark.width, place.y + 0.5 * height};
}

bool overlap(const PictureBox& a, const PictureBox& b) {
    return std::min(a.right, b.right) > std::max(a.left, b.left) + 1e-9 &&
           std::min(a.bottom, b.bottom) > std::max(a.top, b.top) + 1e-9;
}

void expect_free(const std::vector<NamedMark>& marks) {
    const std::vector<LabelPlace> places = label_places(marks, area, radius, height);
    ASSERT_EQ(places.size(), marks.size());
    for (size_t i = 0; i < marks.size(); ++i) {
        const PictureBox box = box_of(marks[i], places[i]);
        EXPECT_GE(box.left, area.left) << i;
        EXPECT_GE(box.top, area.top) << i;
        EXPECT_LE(box.right, area.right) << i;
        EXPECT_LE(box.bottom, area.bottom) << i;
        for (size_t other = 0; other < marks.size(); ++other) {
            const NamedMark& mark = marks[other];
            EXPECT_FALSE(overlap(box, {mark.x - radius, mark.y - radius, mark.x + radius, mark.y + radius}))
                << i << " covers the mark " << other;
            if (other == i) continue;
            EXPECT_FALSE(overlap(box, box_of(mark, places[other]))) << i << " covers " << other;
        }
    }
}

TEST(LabelPlaces, ALoneNameStandsToTheRightUnlessThereIsNoRoom) {
    const std::vector<LabelPlace> places =
        label_places({{200.0, 100.0, 60.0}, {470.0, 200.0, 60.0}}, area, radius, height);
    EXPECT_FALSE(places[0].on_the_left);
    EXPECT_FALSE(places[0].apart);
    EXPECT_EQ(places[0].y, 100.0);
    EXPECT_GT(places[0].x, 205.0);
    EXPECT_TRUE(places[1].on_the_left);
    EXPECT_LT(places[1].x, 465.0);
}

TEST(LabelPlaces, NamesCoverNothing) {
    expect_free({{100, 50, 100}, {100, 50, 90}, {100, 51, 80}});  // in one place
    std::vector<NamedMark> line, heap;
    for (int i = 0; i < 15; ++i) {
        const double width = 8.2 * (4 + i % 10);
        line.push_back({70.0 + 25.0 * i, 40.0 + 12.0 * i, width});
        heap.push_back({120.0 + 11.0 * (i % 7), 90.0 + 17.0 * (i % 5), width});
    }
    expect_free(line);
    expect_free(heap);
}

}  // namespace
}  // namespace heed::test::label_places_test
