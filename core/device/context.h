#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "heed/core/autograd/tape.h"
#include "heed/core/device/caching_allocator.h"
#include "heed/core/device/device.h"
#include "heed/core/device/op_observer.h"

namespace heed {

/// Everything one rank of a computation owns: its device, its memory and its autograd tapes. Tensors point to their
/// context, which must outlive them. A context is used by one thread at a time; several contexts may live side by side.
/// On the thread that makes it, and on all that compute for it, denormal numbers count as zero from then on.
class Context {
public:
    /// `device` is a name that make_device knows. Throws UserError where it has no products of that precision.
    explicit Context(std::string_view device = "cpu", Precision precision = Precision::f32);

    Device& device() { return *device_; }
    CachingAllocator& allocator() { return allocator_; }
    /// The tape that ops are recorded on: the innermost one (see InnerTape).
    Tape& tape() { return *tape_; }
    /// The one that is left when no InnerTape lives.
    Tape& outer_tape() { return *tapes_.front(); }

    /// Who is told of all ops from now on; null: nobody. It must outlive the context or be taken away before.
    void set_observer(OpObserver* observer) { observer_ = observer; }
    OpObserver* observer() const { return observer_; }

private:
    friend class InnerTape;

    void push_tape();
    void pop_tape();

    std::unique_ptr<Device> device_;
    CachingAllocator allocator_;
    std::vector<std::unique_ptr<Tape>> tapes_;  ///< the outermost first; those that are not in use keep their memory
    size_t depth_ = 0;
    Tape* tape_;  ///< tapes_[depth_]
    OpObserver* observer_ = nullptr;
};

}  // namespace heed
