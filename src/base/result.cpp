#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace proa {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::not_found:
      return "not_found";
    case Errc::conflict:
      return "conflict";
    case Errc::precondition:
      return "precondition";
    case Errc::throttled:
      return "throttled";
    case Errc::too_large:
      return "too_large";
    case Errc::invalid:
      return "invalid";
    case Errc::denied:
      return "denied";
    case Errc::deadline:
      return "deadline";
    case Errc::cancelled:
      return "cancelled";
    case Errc::unavailable:
      return "unavailable";
    case Errc::exhausted:
      return "exhausted";
    case Errc::unsupported:
      return "unsupported";
    case Errc::os:
      return "os";
    case Errc::corrupt:
      return "corrupt";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

Error Error::with_context(std::string_view context) const {
  std::string text(context);
  text += ": ";
  text += message_;
  return Error(code_, std::move(text), os_errno_);
}

Error os_error(std::string_view what, int os_errno) {
  Errc code = Errc::os;
  switch (os_errno) {
    case ENOENT:
      code = Errc::not_found;
      break;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOSPC:
    case EDQUOT:
      code = Errc::exhausted;
      break;
    default:
      break;
  }
  std::string text(what);
  text += ": ";
  text += std::strerror(os_errno);
  return Error(code, std::move(text), os_errno);
}

Error os_error(std::string_view what) { return os_error(what, errno); }

}  // namespace proa
