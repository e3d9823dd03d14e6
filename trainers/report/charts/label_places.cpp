#include "heed/trainers/report/charts/label_places.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace heed {

namespace {

constexpr double label_gap_to_mark = 4.0;  // between a mark and its name
constexpr int most_label_rows = 16;        // that a name may be moved up or down, in halves of its height
constexpr int most_label_columns = 8;      // that it may be moved away, in its height
constexpr int placing_rounds = 8;          // in which each name may move again, as the others now stand
constexpr double cover_cost = 1e3;         // of a unit of covered area, against the distance in units

double overlapping_area(const PictureBox& a, const PictureBox& b) {
    const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
    const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
    return width > 0.0 && height > 0.0 ? width * height : 0.0;
}

class LabelPlacing {
public:
    LabelPlacing(const std::vector<NamedMark>& marks, const PictureBox& area, double radius, double height)
        : marks_(marks),
          area_(area),
          radius_(radius),
          height_(height),
          places_(marks.size()),
          is_placed_(marks.size()) {}

    std::vector<LabelPlace> places() {
        for (int round = 0; round < placing_rounds; ++round) {
            for (size_t i = 0; i < marks_.size(); ++i) place(i);
        }
        return std::move(places_);
    }

private:
    PictureBox box_of(size_t i, const LabelPlace& place) const {
        const double width = marks_[i].width, upper = place.y - 0.5 * height_;
        const double left = place.on_the_left ? place.x - width : place.x;
        return {left, upper, left + width, upper + height_};
    }

    /// What is covered or stands outside of the area, and then how far away the name is.
    double cost(size_t i, const LabelPlace& place) const {
        const PictureBox box = box_of(i, place);
        double covered = marks_[i].width * height_ - overlapping_area(box, area_);
        for (size_t other = 0; other < marks_.size(); ++other) {
            const NamedMark& mark = marks_[other];
            covered += overlapping_area(box, {mark.x - radius_, mark.y - radius_, mark.x + radius_, mark.y + radius_});
            if (other != i && is_placed_[other]) covered += overlapping_area(box, box_of(other, places_[other]));
        }
        const double distance = std::hypot(place.x - marks_[i].x, place.y - marks_[i].y);
        return cover_cost * covered + distance + (place.on_the_left ? 0.5 : 0.0);
    }

    void place(size_t i) {
        LabelPlace best;
        double least = INFINITY;
        for (int row = -most_label_rows; row <= most_label_rows; ++row) {
            for (int column = 0; column <= most_label_columns; ++column) {
                for (const bool on_the_left : {false, true}) {
                    const double away = radius_ + label_gap_to_mark + column * height_;
                    const LabelPlace tried = {marks_[i].x + (on_the_left ? -away : away),
                                              marks_[i].y + 0.5 * row * height_, on_the_left,
                                              column > 0 || std::abs(row) > 1};
                    if (const double its = cost(i, tried); its < least) {
                        least = its;
                        best = tried;
                    }
                }
            }
        }
        places_[i] = best;
        is_placed_[i] = true;
    }

    const std::vector<NamedMark>& marks_;
    const PictureBox& area_;
    double radius_, height_;
    std::vector<LabelPlace> places_;
    std::vector<bool> is_placed_;
};

}  // namespace

std::vector<LabelPlace> label_places(const std::vector<NamedMark>& marks, const PictureBox& area, double radius,
                                     double height) {
    return LabelPlacing(marks, area, radius, height).places();
}

}  // namespace heed
