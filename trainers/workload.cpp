#include "heed/trainers/workload.h"

#include "heed/trainers/image_workload.h"

namespace heed {

std::unique_ptr<Workload> make_workload(const Recipe& recipe, Context& context) {
    return std::make_unique<ImageWorkload>(recipe, context);
}

std::unique_ptr<Workload> make_workload(TrainedModel& trained, Context& context) {
    return std::make_unique<ImageWorkload>(trained, context);
}

}  // namespace heed
