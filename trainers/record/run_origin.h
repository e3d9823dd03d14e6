#pragma once

#include <string>

namespace heed {

/// What a run was begun or gone on with. Empty texts are not known.
struct RunOrigin {
    std::string command = {};   ///< as it was given: "heed train recipes/mnist/vit.yaml train.epochs=5"
    std::string commit = {};    ///< of the program's source
    std::string versions = {};  ///< numeric_versions()
};

}  // namespace heed
