#include "model/function.h"

namespace proa::model {

std::string FunctionVersion::unqualified_arn() const {
  return "arn:aws:lambda:" + region + ":" + account_id + ":function:" + name;
}

std::string FunctionVersion::log_group() const {
  return logging.group.empty() ? "/aws/lambda/" + name : logging.group;
}

std::string FunctionVersion::environment_key() const {
  return account_id + "/" + name + ":" + version + "@" + revision_id;
}

}  // namespace proa::model
