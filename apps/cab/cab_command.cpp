#include "heed/apps/cab/grid_training.h"
#include "heed/apps/cab/scored_values.h"
#include "heed/apps/commands.h"

namespace heed {

int run(const CabCommand& command) {
    return command.from.empty() ? train_grid(command) : score_values(command);
}

}  // namespace heed
