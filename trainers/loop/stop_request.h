#pragma once

#include <stdexcept>

namespace heed {

/// Thrown at a stop point: the work has been asked to end. What is half done is dropped, files included.
class Stopped : public std::runtime_error {
public:
    Stopped();
};

/// Asks all that passes a stop point to end there, until `withdraw_stop`. Can be called from any thread.
void request_stop();
void withdraw_stop();

/// Throws Stopped when that has been asked for. Called between the batches of what takes long and can be done again:
/// validation, test, decoding, inspection. (A training step is never left: the loop asks after it.)
void stop_point();

}  // namespace heed
