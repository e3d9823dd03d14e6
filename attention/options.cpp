#include "heed/attention/options.h"

namespace heed {

void AttentionOptions::describe(Fields& fields) {
    fields.add("bias", bias, "add a bias to each projection (query, key, value, output)");
    fields
        .add("dropout", dropout,
             "probability that in training an attention weight is dropped, or an output of the heads in types that "
             "compute "
             "no weights")
        .range(0.0, 0.99);
}

}  // namespace heed
