# shellcheck shell=bash
# The verbs quickstart and stop. Sourced by ./dev.
# shellcheck disable=SC2154  # root and cores are set by ./dev

quickstart_listen=127.0.0.1:9600
quickstart_endpoint=http://$quickstart_listen
# The daemon runs as root for now, so its folder is not in anybody's home.
quickstart_folder=${PROA_QUICKSTART_FOLDER:-/var/lib/proa-quickstart}
quickstart_pid_file=$quickstart_folder/proa.pid
quickstart_log=$quickstart_folder/proa.log
quickstart_ready=$quickstart_folder/proa.out

# quickstart_pid: the id of the daemon that an earlier quickstart left running, if it still runs.
quickstart_pid() {
  local pid command
  pid=$(as_root cat "$quickstart_pid_file" 2>/dev/null) || return 1
  [[ $pid =~ ^[0-9]+$ && -r /proc/$pid/cmdline ]] || return 1
  command=$(tr '\0' ' ' <"/proc/$pid/cmdline")
  [[ $command == *"/bin/proa serve --listen $quickstart_listen "* ]] || return 1
  printf '%s\n' "$pid"
}

verb_stop() {
  local pid
  if ! pid=$(quickstart_pid); then
    say "No daemon of ./dev quickstart is running."
    return
  fi
  as_root kill -TERM "$pid"
  local tries
  for ((tries = 0; tries < 200; tries++)); do
    if [[ ! -e /proc/$pid ]]; then
      as_root rm -f "$quickstart_pid_file"
      say "The daemon (process $pid) has ended. Its data is still in $quickstart_folder."
      return
    fi
    sleep 0.1
  done
  die "process $pid has not ended 20 s after SIGTERM; its log is $quickstart_log"
}

# port_is_taken: whether something listens already.
port_is_taken() {
  (exec 3<>"/dev/tcp/${quickstart_listen%:*}/${quickstart_listen#*:}") 2>/dev/null
}

refuse_taken_port() {
  port_is_taken || return 0
  local who
  who=$(as_root ss -Hltnp "sport = :${quickstart_listen#*:}" 2>/dev/null |
    grep -o 'users:.*') || who=
  die "$quickstart_listen is taken by another program${who:+ ($who)}: end it, then run this again"
}

start_daemon() {
  local program=$root/build/release/bin/proa
  [[ -x $program ]] || die "the build has made no $program"
  as_root mkdir -p "$quickstart_folder/data"
  as_root rm -f "$quickstart_ready" "$quickstart_pid_file"
  # The daemon outlives us: it keeps no descriptor we were started with, such as a lock or a pipe.
  # shellcheck disable=SC2016  # the inner shell expands
  as_root setsid bash -c 'umask 022; echo $$ >"$1"; out=$2 log=$3; shift 3
    for fd in /proc/$$/fd/*; do fd=${fd##*/}; [[ $fd -le 2 ]] || exec {fd}>&-; done
    exec "$@" </dev/null >"$out" 2>"$log"' bash \
    "$quickstart_pid_file" "$quickstart_ready" "$quickstart_log" \
    "$program" serve --listen "$quickstart_listen" --config /dev/null \
    --data "$quickstart_folder/data" \
    >/dev/null 2>&1 &
  quickstart_child=$!
  disown "$quickstart_child"
}

# daemon_is_ready: the daemon has printed its endpoint (log lines are JSON and begin with a brace).
daemon_is_ready() {
  as_root grep -v '^{' "$quickstart_ready" 2>/dev/null | grep -qF "$quickstart_endpoint"
}

wait_for_daemon() {
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    daemon_is_ready && return
    [[ -e /proc/$quickstart_child ]] || break
    sleep 0.1
  done
  as_root tail -n 20 "$quickstart_ready" "$quickstart_log" >&2 || true
  die "the daemon did not become ready (its output is above)"
}

# quickstart_ends: at the end of quickstart, also of one that failed: then no daemon stays.
quickstart_ends() {
  local status=$?
  rm -rf "$quickstart_work"
  if [[ $status -ne 0 && -n ${quickstart_child:-} ]]; then
    warn "quickstart failed; ending the daemon (log: $quickstart_log)"
    verb_stop >&2
  fi
}

# aws_lambda ARGUMENTS...: Debian's AWS CLI against our daemon, untouched by the user's settings.
aws_lambda() {
  env -u AWS_PROFILE -u AWS_SESSION_TOKEN AWS_ACCESS_KEY_ID=proa AWS_SECRET_ACCESS_KEY=proa \
    AWS_DEFAULT_REGION=us-east-1 AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null \
    AWS_PAGER='' NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 \
    /usr/bin/aws --endpoint-url "$quickstart_endpoint" lambda "$@"
}

# deploy_example WORK_FOLDER: makes function python-hello of examples/python-hello, anew each time.
deploy_example() {
  local zip=$1/python-hello.zip runtime
  runtime=$(/usr/bin/python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
  (cd examples/python-hello && zip -q -r "$zip" . -x README.md run.sh '*__pycache__*')
  if aws_lambda get-function --function-name python-hello >/dev/null 2>&1; then
    aws_lambda delete-function --function-name python-hello >/dev/null
  fi
  aws_lambda create-function --function-name python-hello --runtime "$runtime" \
    --handler app.handler --role arn:aws:iam::000000000000:role/any \
    --zip-file "fileb://$zip" --query FunctionArn --output text
  aws_lambda wait function-active-v2 --function-name python-hello
}

call_example() {
  local answer=$1/answer.json
  aws_lambda invoke --function-name python-hello --cli-binary-format raw-in-base64-out \
    --payload '{"name": "Ada"}' "$answer" >"$1/status.json"
  if jq -e .FunctionError "$1/status.json" >/dev/null; then
    die "the example failed: $(cat "$answer")"
  fi
  cat "$answer"
}

explain_what_to_try() {
  cat <<TEXT

What to try next (any AWS tool works the same way; the keys may be anything):

  export AWS_ACCESS_KEY_ID=proa AWS_SECRET_ACCESS_KEY=proa AWS_DEFAULT_REGION=us-east-1
  aws --endpoint-url $quickstart_endpoint lambda list-functions
  curl -d '{"name": "curl"}' $quickstart_endpoint/2015-03-31/functions/python-hello/invocations
  curl $quickstart_endpoint/proa/v1/status
  export PROA_ENDPOINT=$quickstart_endpoint
  proa=build/release/bin/proa
  \$proa kernel add stock; \$proa deploy examples/python-hello --isolation microvm
                                  the same function in a virtual machine
  ls examples/                    one small function a folder, each with a README.md
  tail -f $quickstart_log
TEXT
}

verb_quickstart() {
  local stop_after=false start=$SECONDS built arn answer
  case ${1:-} in
    '') ;;
    --stop-after) stop_after=true ;;
    *) die "quickstart knows only --stop-after, not '$1'" ;;
  esac
  ensure_packages build run bundle
  local installed=$SECONDS
  say "Building for release (the first time takes minutes) ..."
  configure_preset release -DPROA_BENCHMARKS=OFF
  cmake --build build/release -j "$cores"
  make_bundled
  built=$SECONDS

  if quickstart_pid >/dev/null; then
    say "Ending the daemon of an earlier quickstart."
    verb_stop >/dev/null
  fi
  refuse_taken_port
  quickstart_work=$(mktemp -d)
  trap quickstart_ends EXIT
  start_daemon
  wait_for_daemon
  say "The daemon serves the Lambda API at $quickstart_endpoint (data: $quickstart_folder/data)."
  arn=$(deploy_example "$quickstart_work")
  say "Created $arn from examples/python-hello."
  answer=$(call_example "$quickstart_work")
  say "Called it with {\"name\": \"Ada\"}; it answered:"
  say "" "  $answer" ""
  say "Packages took $((installed - start)) s, the build $((built - installed)) s; start,"
  say "deployment and call $((SECONDS - built)) s; together $((SECONDS - start)) s."
  explain_what_to_try
  say ""
  if $stop_after; then
    verb_stop
  else
    say "The daemon goes on running (process $(quickstart_pid)). To stop it: ./dev stop"
  fi
}
