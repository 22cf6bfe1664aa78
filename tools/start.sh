#!/usr/bin/env bash
# start.sh PARVIS [flag...]: serves the models that we ship; flags are those of 'parvis serve'.
# start.sh PARVIS --check: does what somebody does who starts for the first time – reads address and key,
# asks once – with a folder and a port of its own, so that a server that runs is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."
parvis=$1
shift

fail() {
  echo "start: $1" >&2
  exit 1
}

shopt -s extglob
models=() names=()
for file in models/parvis-fable.gguf models/!(parvis-fable).gguf; do  # the first one is the greeting's example
  [ -f "$file" ] || fail "no model in models/; 'parvis train recipes/quick.toml' makes one, 'parvis serve FILE' serves it"
  models+=(-m "$file")
  names+=("$(basename "$file" .gguf)")
done
if [ "${1:-}" != --check ]; then exec "$parvis" serve "${models[@]}" "$@"; fi

question="Once upon a time" status=0
folder=$(mktemp -d)
"$parvis" serve "${models[@]}" --port 0 --data "$folder" --log none >"$folder/said" &
server=$!
# shellcheck disable=SC2064
trap "kill $server 2>/dev/null || true; rm -rf '$folder'" EXIT
until grep -q '^The operator' "$folder/said"; do
  kill -0 "$server" 2>/dev/null || fail "the server did not start"
  sleep 0.1
done
address=$(sed -n 's/^Parvis serves at \([^ ]*\) .*/\1/p' "$folder/said")
key=$(sed -n 's/^The operator.*: //p' "$folder/said")
listed=$(curl -sS --fail-with-body --max-time 120 "$address/v1/models" -H "Authorization: Bearer $key") ||
  fail "no list of models: $listed"
for name in "${names[@]}"; do [[ $listed == *"\"$name\""* ]] || fail "$name is not served: $listed"; done
answer=$(curl -sS --fail-with-body --max-time 120 "$address/v1/completions" -H "Authorization: Bearer $key" \
  -d "{\"model\": \"parvis-fable\", \"prompt\": \"$question\", \"max_tokens\": 48, \"temperature\": 0.6, \"top_p\": 0.9, \"seed\": 1}") ||
  fail "no answer: $answer"
answer=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["choices"][0]["text"])' <<<"$answer")
[ -n "${answer//[[:space:]]/}" ] || fail "an empty answer to: $question"
kill -TERM "$server"
wait "$server" || status=$?
[ "$status" -eq 0 ] || fail "the server stopped with $status"
printf '%s\n%s\n' "> $question" "$answer"
