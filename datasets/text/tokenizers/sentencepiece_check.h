#pragma once

#include <string>
#include <string_view>

namespace heed {

/// Why these bytes cannot be given to the SentencePiece library, which trusts a model and reads outside of its memory
/// where a damaged one misleads it; "" where they can. Looks at the protocol buffer, the pieces, and the compiled rules
/// of normalisation: a double array of Darts-clone, all of whose reachable places have to lie inside of it and to lead
/// into the replacement texts.
std::string sentencepiece_problem(std::string_view model);

}  // namespace heed
