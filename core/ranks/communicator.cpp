#include "heed/core/ranks/communicator.h"

#include <string>

#include "heed/core/error.h"

namespace heed {

void SelfCommunicator::broadcast(void*, size_t, int root) {
    if (root != 0) throw Error("broadcast from rank " + std::to_string(root) + " of 1");
}

}  // namespace heed
