// Errors of a descriptor that does not block. Private to proa-init; freestanding.
#pragma once

#include <cerrno>

namespace proa::frames::init {

/// Whether the same call may succeed later.
constexpr bool is_transient(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace proa::frames::init
