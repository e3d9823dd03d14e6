#pragma once

#include <dlfcn.h>

#include <string>
#include <utility>

namespace heed::cuda {

/// Finds a function of a library that is open. False where it has none of that name.
template <class Function>
bool find_function(void* opened, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(opened, name));
    return function != nullptr;
}

/// Opens the first library of `names` that has no fault, for good. fault_of(opened, name) is asked of each that is
/// there, and gives a text that is empty where the library can be used. Gives the fault of the last one, or `none`
/// where none is there; empty: one is open.
template <class Names, class FaultOf>
std::string open_library(const Names& names, std::string none, const FaultOf& fault_of) {
    std::string fault = std::move(none);
    for (const char* name : names) {
        void* const opened = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        if (!opened) continue;
        fault = fault_of(opened, name);
        if (fault.empty()) break;
        dlclose(opened);
    }
    return fault;
}

}  // namespace heed::cuda
