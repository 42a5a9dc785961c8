# Counts the bytes of the event. An event with "fail" in it fails.
hello() {
  local event
  event=$(cat)
  echo "event of ${#event} characters" >&2
  case $event in
    *'"fail"'*) return 3 ;;
  esac
  printf '{"message":"Hello from Bash %s","length":%d}' "${BASH_VERSINFO[0]}" "${#event}"
}
