#pragma once

#include <oneapi/dnnl/dnnl.h>

#include <memory>

namespace heed::onednn {

/// Owns an object of oneDNN's C interface.
template <class Object, auto destroy>
struct Destroy {
    void operator()(Object* object) const { destroy(object); }
};
template <class Object, auto destroy>
using Handle = std::unique_ptr<Object, Destroy<Object, destroy>>;

using Engine = Handle<dnnl_engine, dnnl_engine_destroy>;
using Stream = Handle<dnnl_stream, dnnl_stream_destroy>;
using Memory = Handle<dnnl_memory, dnnl_memory_destroy>;
using PrimitiveDescription = Handle<dnnl_primitive_desc, dnnl_primitive_desc_destroy>;
using Attributes = Handle<dnnl_primitive_attr, dnnl_primitive_attr_destroy>;
using PostOps = Handle<dnnl_post_ops, dnnl_post_ops_destroy>;
using Primitive = Handle<dnnl_primitive, dnnl_primitive_destroy>;

/// Calls `create(&raw, arguments...)` and keeps what it made in `handle`; returns the status.
template <class Pointer, class Create, class... Arguments>
dnnl_status_t make(Pointer& handle, Create create, Arguments... arguments) {
    typename Pointer::pointer raw = nullptr;
    const dnnl_status_t status = create(&raw, arguments...);
    if (status == dnnl_success) handle.reset(raw);
    return status;
}

}  // namespace heed::onednn
