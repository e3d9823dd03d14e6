#pragma once

#include <cstddef>
#include <cstdint>

namespace heed {

/// Is told what ops run on a context (Context::set_observer) and what they do, for profiles. Ops may run within others.
/// All calls come from the thread of the context.
class OpObserver {
public:
    virtual ~OpObserver() = default;

    /// An op begins; `op` lives as long as the program. `backward`: that of a node on the tape.
    virtual void begins(const char* op, bool backward) = 0;
    /// The op that began last has ended.
    virtual void ends() = 0;
    /// The op computes so many multiply-adds in products.
    virtual void multiplies(int64_t count) = 0;
    /// The op asks for the address of these bytes of a tensor, to read or to write them.
    virtual void touches(const void* address, size_t bytes) = 0;
};

}  // namespace heed
