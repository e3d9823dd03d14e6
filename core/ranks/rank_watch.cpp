#include "heed/core/ranks/rank_watch.h"

namespace heed {

std::string within_timeout(double seconds) {
    std::string text = std::to_string(seconds);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return "within the " + text + " s of train.rank_timeout";
}

}  // namespace heed
