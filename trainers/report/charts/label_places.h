#pragma once

#include <vector>

namespace heed {

/// A rectangle of a picture, y downwards.
struct PictureBox {
    double left = 0.0, top = 0.0, right = 0.0, bottom = 0.0;
};

/// A mark that gets a name beside it.
struct NamedMark {
    double x = 0.0, y = 0.0;  ///< of its middle
    double width = 0.0;       ///< of the name
};

/// Where a name stands.
struct LabelPlace {
    double x = 0.0, y = 0.0;  ///< of the end that is next to the mark, in the middle of its height
    bool on_the_left = false;
    bool apart = false;  ///< so far from the mark that a line has to lead to it
};

/// Places for the names of marks of that radius, of one line of `height` each, so that they cover neither marks nor
/// each other as far as the area has room for it. The same marks always get the same places.
std::vector<LabelPlace> label_places(const std::vector<NamedMark>& marks, const PictureBox& area, double radius,
                                     double height);

}  // namespace heed
