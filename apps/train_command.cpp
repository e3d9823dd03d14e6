#include "heed/apps/commands.h"
#include "heed/apps/commit.h"
#include "heed/apps/support/training_exit.h"

namespace heed {

int run(const TrainCommand& command) {
    return train_to_exit_code({command.recipe, command.overrides, command.resume, command.changes, source_commit()});
}

}  // namespace heed
