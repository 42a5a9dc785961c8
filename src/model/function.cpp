#include "model/function.h"

namespace proa::model {

std::string FunctionVersion::unqualified_arn() const {
  return "arn:aws:lambda:" + region + ":" + account_id + ":function:" + name;
}

std::string FunctionVersion::environment_key() const {
  return account_id + "/" + name + ":" + version + "@" + revision_id;
}

}  // namespace proa::model
