#pragma once

#include <memory>
#include <string>

#include "heed/core/module/dropout.h"
#include "heed/core/module/token_dropout.h"
#include "heed/layers/embedding.h"
#include "heed/layers/layer_norm.h"
#include "heed/layers/positions.h"

namespace heed {

struct TokenInputSettings {
    int64_t max_tokens = 0;             ///< without the class token
    std::string positions = "learned";  ///< or sinusoidal, sinusoidal_halves; none and rotary add nothing
    bool class_token = false;
    int64_t token_types = 0;  ///< rows of a table whose first row is added to every token; 0: none
    bool norm = false;        ///< normalise the sum of all these
    double norm_epsilon = LayerNorm::default_epsilon;
    float scale = 1.0f;          ///< of the vectors of the table
    double token_dropout = 0.0;  ///< of whole vectors of the table
    double dropout = 0.0;
};

/// What a transformer sees of texts: the vectors of their ids, a class token in front, positions, the vector of the
/// token type, a norm, dropout. A text is one segment, so that all its tokens are of the first type; the other rows of
/// that table are kept for models that were trained on pairs (Devlin et al., NAACL 2019). The table of vectors belongs
/// to the model, which may use it elsewhere too.
class TokenInput : public Module {
public:
    TokenInput(Embedding& table, const TokenInputSettings& settings);

    /// ids i32 [batch, tokens] -> [batch, tokens (+ 1), dim]. Throws UserError where there are more than max_tokens.
    Variable forward(const Tensor& ids, const ForwardState& state);
    /// The tokens of each text from number `position` on, without dropout: ids i32 [rows, tokens] -> [rows, tokens,
    /// dim].
    Tensor step(const Tensor& ids, int64_t position);

    int64_t max_tokens() const { return max_tokens_; }

private:
    void check_length(int64_t tokens) const;
    /// What is added to the tokens by their place, [at least as many as a text has, dim]; undefined: nothing.
    Variable added(Context& context);

    Embedding& table_;
    int64_t max_tokens_;
    float scale_;
    std::unique_ptr<Parameter> class_token_;
    std::unique_ptr<Positions> positions_;
    std::unique_ptr<Embedding> token_types_;
    std::unique_ptr<LayerNorm> norm_;
    TokenDropout token_dropout_;
    Dropout dropout_;
};

/// Throws Error unless ids are i32 [batch, tokens] and lengths i32 [batch], each from 0 to tokens.
void check_texts(const char* model, const Tensor& ids, const Tensor& lengths);

}  // namespace heed
