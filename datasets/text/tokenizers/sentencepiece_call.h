#pragma once

#include <exception>
#include <new>

namespace heed {

/// Whether a call of the SentencePiece library succeeds. Beside its states of failure it has exceptions of a type of
/// its own.
template <class Call>
bool sentencepiece_succeeds(Call&& call) {
    try {
        return call().ok();
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace heed
