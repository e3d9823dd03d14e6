#include "heed/trainers/ranks/shared_measuring.h"

#include <algorithm>
#include <string>
#include <vector>

#include "heed/trainers/loop/stop_request.h"

namespace heed {

void measure_shared(Communicator& ranks, int64_t batches, const std::function<void(int64_t, Packer&)>& measure,
                    const std::function<void(Unpacker&)>& add) {
    Packer packed;
    if (ranks.size() == 1) {
        for (int64_t batch = 0; batch < batches; ++batch) {
            stop_point();
            packed.clear();
            measure(batch, packed);
            Unpacker unpacked(packed.bytes());
            add(unpacked);
        }
        return;
    }
    bool stopped = false;
    try {
        for (int64_t batch = ranks.rank(); batch < batches; batch += ranks.size()) {
            stop_point();
            measure(batch, packed);
        }
    } catch (const Stopped&) {
        stopped = true;
    }
    const std::vector<std::string> all = ranks.gather((stopped ? "s" : "c") + packed.bytes(), "an evaluation");
    std::vector<Unpacker> parts;
    for (const std::string& bytes : all) {
        if (bytes[0] == 's') throw Stopped();
        parts.emplace_back(std::string_view(bytes).substr(1));
    }
    for (int64_t batch = 0; batch < batches; ++batch) add(parts[static_cast<size_t>(batch % ranks.size())]);
}

}  // namespace heed
