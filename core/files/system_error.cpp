#include "heed/core/files/system_error.h"

#include <cerrno>
#include <system_error>

#include "heed/core/error.h"

namespace heed {

namespace {

bool user_can_prevent(int error) {
    return error == EACCES || error == EPERM || error == EROFS || error == ENOENT || error == ENOTDIR ||
           error == EISDIR || error == EEXIST || error == ENAMETOOLONG || error == ELOOP || error == EILSEQ ||
           error == EINVAL || error == ENXIO || error == ETXTBSY || error == EBUSY;
}

}  // namespace

void throw_system_error(const std::string& what, int error) {
    const std::string message = what + ": " + std::generic_category().message(error);
    if (user_can_prevent(error)) throw UserError(message);
    throw Error(message);
}

}  // namespace heed
