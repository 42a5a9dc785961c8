// The one error channel of Proa: Result<T>, a value or an Error.
//
// Result aliases Boost.Outcome's basic_result; no other file includes Outcome, so a later
// std::expected is one edit. A failure of *function code* is not an Error: a crash, a timeout or a
// thrown exception is a value (model::InvocationResult). Only api/errors.cpp knows HTTP statuses
// and Lambda's exception names. Used on any thread; values only.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace proa {

/// The conditions a caller can act on. Closed on purpose: a new one needs a caller that branches.
enum class Errc {
  not_found,     ///< the named thing does not exist
  conflict,      ///< it exists already, or is changing at this moment
  precondition,  ///< the caller's expected revision is no longer the current one
  throttled,     ///< a limit on concurrency or rate is reached; try again later
  too_large,     ///< a size limit is exceeded
  invalid,       ///< the caller's input is wrong; the message names what
  denied,        ///< the caller may not do this
  deadline,      ///< the time given for it is over
  cancelled,     ///< its owner gave it up
  unavailable,   ///< the other side is gone: peer closed, process ended
  exhausted,     ///< memory, descriptors, disk or slots are used up
  unsupported,   ///< valid, but not supported by Proa (yet)
  os,            ///< a system call failed; os_errno() says how
  corrupt,       ///< stored or received bytes are not what they must be
  internal,      ///< anything else: a bug to report
};

/// Name of an Errc as it stands in logs: "not_found", "conflict", ...
std::string_view to_string(Errc code);

/// What went wrong: the condition, a message that names the thing, and errno if there was one.
/// Has constructors on purpose: an aggregate breaks implicit returns of Outcome in C++20 and
/// GCC 12's coroutines.
class Error {
 public:
  Error(Errc code, std::string message) : code_(code), message_(std::move(message)) {}
  Error(Errc code, std::string message, int os_errno)
      : code_(code), message_(std::move(message)), os_errno_(os_errno) {}

  Errc code() const { return code_; }
  const std::string& message() const { return message_; }
  /// errno of the failed system call, or 0.
  int os_errno() const { return os_errno_; }

  /// The same error with "context: " put before its message.
  Error with_context(std::string_view context) const;

 private:
  Errc code_;
  std::string message_;
  int os_errno_ = 0;
};

/// An Error of condition `os` for the current errno: "what: strerror". Maps EMFILE, ENFILE, ENOMEM,
/// ENOSPC, EDQUOT to `exhausted` and ENOENT to `not_found`, because callers act on those.
Error os_error(std::string_view what);
/// The same for a given errno value.
Error os_error(std::string_view what, int os_errno);

template <class T>
using Result =
    BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, Error,
                                             BOOST_OUTCOME_V2_NAMESPACE::policy::terminate>;

/// `return ok();` for a Result<void>.
inline auto ok() { return BOOST_OUTCOME_V2_NAMESPACE::success(); }

}  // namespace proa

/// TRY(auto value, expression) or TRY(expression): returns the Error to the caller, else goes on.
#define TRY(...) BOOST_OUTCOME_TRY(__VA_ARGS__)
/// The same inside a coroutine: CO_TRY(auto value, co_await f(x)).
#define CO_TRY(...) BOOST_OUTCOME_CO_TRY(__VA_ARGS__)
