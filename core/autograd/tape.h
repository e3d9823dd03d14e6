#pragma once

#include <cstdint>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "heed/core/autograd/arena.h"
#include "heed/core/autograd/node.h"
#include "heed/core/autograd/variable.h"

namespace heed {

/// Is told by a walk which gradients of parameters it will not touch again.
class GradientListener {
public:
    virtual ~GradientListener() = default;
    /// Once for each parameter that the recording uses. Nothing may have been written where no gradient flows to it.
    virtual void gradient_is_final(GradientSlot& slot) = 0;
};

/// Records ops in the order in which they run and walks them backwards. Saved tensors and gradients are freed as soon
/// as the walk has passed them.
class Tape {
public:
    explicit Tape(Context& context) : context_(context) {}
    ~Tape() { clear(); }
    Tape(const Tape&) = delete;
    Tape& operator=(const Tape&) = delete;

    /// A variable whose gradient is wanted and kept until the tape is cleared.
    Variable leaf(Tensor value);

    /// True when an op on these variables has to be recorded.
    template <class... Variables>
    bool records(const Variables&... variables) const {
        return enabled_ && (variables.requires_gradient() || ...);
    }

    /// Puts a node on the tape; the op fills in what it saves. Throws Error between backward and clear.
    template <class NodeType, class... Arguments>
    NodeType& record(Arguments&&... arguments) {
        if (walked_) refuse_record();
        auto* node = new (arena_.allocate(sizeof(NodeType))) NodeType(std::forward<Arguments>(arguments)...);
        nodes_.push_back(node);
        return *node;
    }

    /// The variable of output number `index` of a recorded node.
    Variable output(Node& node, Tensor value, int index = 0);

    /// Walks back from `result`, whose gradient is `seed` (ones when undefined). May be called once per recording.
    void backward(const Variable& result, Tensor seed = Tensor());

    /// The same from all outputs whose slots hold a gradient.
    void walk();

    /// From now on recordings keep in mind where a parameter is used first, and walks tell the listener when they have
    /// passed that place: then its gradient is final, also where it is used several times. Null: nobody listens.
    void set_listener(GradientListener* listener) { listener_ = listener; }
    /// What is recorded next uses the parameter of this slot.
    void note_use(GradientSlot& slot) {
        if (listener_ && enabled_ && !walked_ && slot.noted_ != generation_) keep_first_use(slot);
    }

    /// Forgets all nodes. Variables made so far may still be read but no longer take part in ops.
    void clear();

    uint64_t generation() const { return generation_; }
    bool enabled() const { return enabled_; }

    /// With a watch, every recorded output is checked for values that are not finite; the first is described here
    /// (op and shape). Costs a pass over each output.
    void watch(bool on);
    bool watching() const { return watching_; }
    const std::string& first_non_finite() const { return first_non_finite_; }

private:
    friend class NoGradient;
    friend class TapeScope;

    void keep_first_use(GradientSlot& slot);
    void tell_final(size_t node);

    [[noreturn]] static void refuse_record();
    [[noreturn]] static void refuse_walk();

    Context& context_;
    Arena arena_;
    std::vector<Node*> nodes_;  ///< in order of recording; null once backward has passed
    /// The first use of a parameter: before that node was recorded.
    struct Use {
        size_t node;
        GradientSlot* slot;
    };
    std::vector<Use> uses_;  ///< in order of recording
    GradientListener* listener_ = nullptr;
    bool walked_ = false;
    uint64_t generation_ = 1;
    bool enabled_ = true;
    bool watching_ = false;
    const char* scope_ = "the model";
    std::string first_non_finite_;
};

/// While it lives, the watch reports ops under this name (a module's), which must outlive it.
class TapeScope {
public:
    TapeScope(Context& context, const std::string& name);
    ~TapeScope() { tape_.scope_ = before_; }
    TapeScope(const TapeScope&) = delete;
    TapeScope& operator=(const TapeScope&) = delete;

private:
    Tape& tape_;
    const char* before_;
};

/// While it lives, the context's tape is another one, which is empty at first and forgotten at the end. They may be
/// nested. What it makes requires a gradient where it depends on parameters or on variables of generation 0.
class InnerTape {
public:
    explicit InnerTape(Context& context);
    ~InnerTape();
    InnerTape(const InnerTape&) = delete;
    InnerTape& operator=(const InnerTape&) = delete;

private:
    Context& context_;
};

/// While it lives, nothing is recorded on the context's tape.
class NoGradient {
public:
    explicit NoGradient(Context& context);
    ~NoGradient() { tape_.enabled_ = before_; }
    NoGradient(const NoGradient&) = delete;
    NoGradient& operator=(const NoGradient&) = delete;

private:
    Tape& tape_;
    bool before_;
};

}  // namespace heed
