// Function code as a caller of the Lambda API.
#pragma once

#include "model/function.h"

#include <string>

namespace proa::model {

/// Code of one function in one environment. The credentials stand in the environment's variables
/// (AWS_ACCESS_KEY_ID ...) and are accepted on that environment's own socket only. They are made
/// for it and die with it, or are those of the function's role (identity::RoleStore).
struct FunctionCaller {
  FunctionPtr function;
  std::string access_key_id;      ///< of its own: begins with ASIA, as temporary credentials do
  std::string secret_access_key;  ///< never logged
  std::string session_token;      ///< empty: a role's key that lasts
};

}  // namespace proa::model
