# shellcheck shell=bash
# Deploys and calls functions with the AWS CLI. Sourced by each example's run.sh, in its folder.
# PROA_ENDPOINT says where Proa listens; keys may be anything while none were made.
export AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-proa}
export AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-proa}
export AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-us-east-1}
export AWS_PAGER=''
role=arn:aws:iam::000000000000:role/any
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

aws_lambda() { aws --endpoint-url "${PROA_ENDPOINT:-http://127.0.0.1:9600}" lambda "$@"; }

# need COMMAND...: ends with 77, "skipped", if a tool is not installed.
need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null && continue
    echo "skipped: this example needs $tool" >&2
    exit 77
  done
}

# deploy NAME RUNTIME HANDLER FILE...: makes the function of these files, anew if it exists. Files
# keep their paths. CREATE_OPTIONS has further options of create-function.
deploy() {
  local name=$1 runtime=$2 handler=$3 zip=$work/$1.zip
  shift 3
  zip -q -r -X "$zip" "$@" -x '*__pycache__*'
  if aws_lambda get-function --function-name "$name" >/dev/null 2>&1; then
    aws_lambda delete-function --function-name "$name" >/dev/null
  fi
  # shellcheck disable=SC2086  # several words
  aws_lambda create-function --function-name "$name" --runtime "$runtime" --handler "$handler" \
    --role "$role" --zip-file "fileb://$zip" --timeout 30 ${CREATE_OPTIONS:-} \
    --query FunctionArn --output text
  aws_lambda wait function-active-v2 --function-name "$name"
}

# call NAME EVENT: prints the answer; fails if the function did.
call() {
  local answer=$work/answer.json status
  # fileb: is the one form that versions 1 and 2 of the CLI share.
  printf %s "$2" > "$work/event.json"
  status=$(aws_lambda invoke --function-name "$1" --payload "fileb://$work/event.json" \
    --query FunctionError --output text "$answer")
  cat "$answer"
  echo
  [[ $status == None ]]
}
